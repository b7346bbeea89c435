#include "server/http1/parser.hpp"

#include "server/http1/characters.hpp"

#include <algorithm>

namespace girin::http1 {
namespace {

// Makes the letters of a word of text lower-case and returns whether one of its bytes is '_'. No byte carries into the
// next.
template <typename Word>
bool lower_word(char* at) {
    constexpr Word ones = static_cast<Word>(0x0101010101010101);
    constexpr Word high = 0x80 * ones;
    Word word;
    std::memcpy(&word, at, sizeof word);
    const Word low = word & ~high;
    const Word from_a = low + (0x80 - 'A') * ones;
    const Word above_z = low + (0x7f - 'Z') * ones;
    const Word not_underscore = (low ^ '_' * ones) + 0x7f * ones;
    word |= ((from_a ^ above_z) & ~word & high) >> 2;
    std::memcpy(at, &word, sizeof word);
    return (~(not_underscore | word) & high) != 0;
}

// The same for a whole name. Words overlap at the end: making a letter lower-case twice does no harm.
bool lower(char* name, std::size_t size) {
    bool underscore = false;
    if (size >= 8) {
        for (std::size_t i = 0; i + 8 < size; i += 8) underscore |= lower_word<std::uint64_t>(name + i);
        underscore |= lower_word<std::uint64_t>(name + size - 8);
    } else if (size >= 4) {
        underscore |= lower_word<std::uint32_t>(name);
        underscore |= lower_word<std::uint32_t>(name + size - 4);
    } else {
        for (std::size_t i = 0; i < size; ++i) {
            underscore |= name[i] == '_';
            name[i] = detail::ascii_lower(name[i]);
        }
    }
    return underscore;
}

// Fields that would change the framing or routing of a request that has already been acted on (RFC 9110 section 6.5.1).
bool is_forbidden_in_trailers(std::string_view name) {
    return same_name(name, "content-length") || same_name(name, "transfer-encoding") || same_name(name, "host");
}

constexpr failure method_not_implemented{501, "Method not implemented"};

}  // namespace

struct parser::callbacks {
    static parser& self(llhttp_t* llhttp) { return *static_cast<parser*>(llhttp->data); }

    static int field(llhttp_t* llhttp, const char* at, std::size_t size) {
        parser& p = self(llhttp);
        if (p.part_ == part::head) {
            if (p.field_count_ == p.limits_.fields) return -1;
            // The bytes are read_head's span of char, which llhttp passes on as const.
            const bool underscore = lower(const_cast<char*>(at), size);
            p.dropping_ = underscore && !p.limits_.underscore_names;
            if (!p.dropping_) p.add_field({at, size}, {});
        } else if (is_forbidden_in_trailers({at, size})) {
            p.refused_ = {400, "Forbidden field in the trailers"};
            return -1;
        }
        return 0;
    }

    static int value(llhttp_t* llhttp, const char* at, std::size_t size) {
        parser& p = self(llhttp);
        if (p.part_ == part::head && !p.dropping_) p.fields_[p.field_count_ - 1].value = trim_ows({at, size});
        return 0;
    }

    static int head_complete(llhttp_t*) { return HPE_PAUSED; }

    static int chunk_header(llhttp_t* llhttp) {
        parser& p = self(llhttp);
        if (llhttp->content_length > p.limits_.body_size - p.body_size_) {
            p.refused_ = {413, "Request body too large"};
            return -1;
        }
        p.body_size_ += llhttp->content_length;
        if (llhttp->content_length != 0) return 0;
        p.part_ = part::trailers;
        return HPE_PAUSED;
    }

    static int data(llhttp_t* llhttp, const char* at, std::size_t size) {
        self(llhttp).data_ = {at, size};
        return size == 0 ? 0 : HPE_PAUSED;
    }

    static int complete(llhttp_t* llhttp) {
        self(llhttp).part_ = part::complete;
        return HPE_PAUSED;
    }

    static constexpr llhttp_settings_t settings = [] {
        llhttp_settings_t all{};
        all.on_header_field = field;
        all.on_header_value = value;
        all.on_headers_complete = head_complete;
        all.on_chunk_header = chunk_header;
        all.on_body = data;
        all.on_message_complete = complete;
        return all;
    }();
};

parser::parser(const limits& limits) : limits_(limits), fields_(std::make_unique<header[]>(limits.fields + 1)) {}

failure parser::read_head(std::span<char> head) {
    part_ = part::head;
    field_count_ = 0;
    refused_ = {};
    llhttp_init(&llhttp_, HTTP_REQUEST, &callbacks::settings);
    llhttp_.data = this;
    const llhttp_errno_t error = llhttp_execute(&llhttp_, head.data(), head.size());
    if (error != HPE_PAUSED) return llhttp_failure();
    if (llhttp_get_error_pos(&llhttp_) != head.data() + head.size()) return {400, "Ambiguous end of the head"};
    if (llhttp_.method == HTTP_SOURCE) return method_not_implemented;  // Icecast's, which llhttp lets pass.
    return {};
}

bool parser::agrees(const std::optional<std::uint64_t>& content_length, bool chunked) const {
    return ((llhttp_.flags & F_CHUNKED) != 0) == chunked &&
           ((llhttp_.flags & F_CONTENT_LENGTH) != 0) == content_length.has_value() &&
           llhttp_.content_length == content_length.value_or(0);
}

parser::chunk parser::read_chunks(std::string_view unread) {
    if (part_ == part::head) {
        part_ = part::chunks;
        body_size_ = 0;
        size_line_ = 0;
        overhead_ = 0;
    }
    data_ = {};
    llhttp_resume(&llhttp_);
    const llhttp_errno_t error = llhttp_execute(&llhttp_, unread.data(), unread.size());
    chunk read{.consumed = unread.size(), .data = data_, .last = part_ == part::trailers};
    if (error != HPE_OK) read.consumed = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - unread.data());
    if (is_overhead_spent(read.consumed - data_.size(), error == HPE_PAUSED))
        read.refused = {400, "Chunk framing too large"};
    else if (error != HPE_OK && error != HPE_PAUSED)
        read.refused = llhttp_failure();
    return read;
}

// Only what a chunk-size line takes beyond 20 bytes counts, with the CRLF of the chunk before it: 16 digits and two
// CRLF.
bool parser::is_overhead_spent(std::size_t framing, bool line_ended) {
    constexpr std::size_t plain_line = 20;
    size_line_ += framing;
    const std::size_t overhead = overhead_ + (size_line_ > plain_line ? size_line_ - plain_line : 0);
    if (line_ended) {
        overhead_ = overhead;
        size_line_ = 0;
    }
    return overhead > limits_.chunk_overhead;
}

failure parser::read_trailers(std::string_view section) {
    llhttp_resume(&llhttp_);
    const llhttp_errno_t error = llhttp_execute(&llhttp_, section.data(), section.size());
    if (error != HPE_PAUSED) return llhttp_failure();
    if (part_ != part::complete || llhttp_get_error_pos(&llhttp_) != section.data() + section.size())
        return {400, "Ambiguous end of the trailers"};
    return {};
}

failure parser::llhttp_failure() const {
    if (refused_) return refused_;
    switch (llhttp_get_errno(&llhttp_)) {
        // The method is a token and the version is right, or llhttp would not have been asked: what it misses is a
        // method of HTTP, and the last two are what it says of RTSP's and of HTTP/2's.
        case HPE_INVALID_METHOD:
        case HPE_INVALID_CONSTANT:
        case HPE_INVALID_VERSION:
            return method_not_implemented;
        default:
            break;
    }
    return {400, llhttp_get_error_reason(&llhttp_)};
}

}  // namespace girin::http1
