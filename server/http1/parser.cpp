#include "server/http1/parser.hpp"

namespace girin::http1 {
namespace {

constexpr failure method_not_implemented{501, "Method not implemented"};

}  // namespace

struct parser::callbacks {
    static parser& self(llhttp_t* llhttp) { return *static_cast<parser*>(llhttp->data); }

    static int head_complete(llhttp_t*) { return HPE_PAUSED; }

    static int chunk_header(llhttp_t* llhttp) {
        parser& p = self(llhttp);
        if (llhttp->content_length > p.limits_.body_size - p.body_size_) {
            p.too_large_ = true;
            return -1;
        }
        p.body_size_ += llhttp->content_length;
        if (llhttp->content_length != 0) return 0;
        p.part_ = part::last_chunk;
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

    static constexpr llhttp_settings_t of_head = [] {
        llhttp_settings_t settings{};
        settings.on_headers_complete = head_complete;
        return settings;
    }();

    static constexpr llhttp_settings_t of_chunks = [] {
        llhttp_settings_t settings{};
        settings.on_chunk_header = chunk_header;
        settings.on_body = data;
        settings.on_message_complete = complete;
        return settings;
    }();
};

failure parser::check_head(std::string_view head) {
    part_ = part::head;
    too_large_ = false;
    llhttp_init(&llhttp_, HTTP_REQUEST, &callbacks::of_head);
    const llhttp_errno_t error = llhttp_execute(&llhttp_, head.data(), head.size());
    if (error != HPE_PAUSED) return llhttp_failure();
    if (llhttp_get_error_pos(&llhttp_) != head.data() + head.size()) return {400, "Ambiguous end of the head"};
    if (llhttp_.method == HTTP_SOURCE) return method_not_implemented;  // Icecast's, which llhttp lets pass.
    return {};
}

failure parser::check_framing(const request_head& head) const {
    const bool chunked = (llhttp_.flags & F_CHUNKED) != 0;
    const bool has_length = (llhttp_.flags & F_CONTENT_LENGTH) != 0;
    if (chunked != head.chunked || has_length != head.content_length.has_value() ||
        llhttp_.content_length != head.content_length.value_or(0))
        return {400, "Ambiguous framing"};
    return {};
}

parser::chunk parser::read_chunks(std::string_view unread) {
    if (part_ == part::head) {
        part_ = part::chunks;
        llhttp_.data = this;
        llhttp_.settings = const_cast<llhttp_settings_t*>(&callbacks::of_chunks);
        body_size_ = 0;
        size_line_ = 0;
        overhead_ = 0;
    }
    data_ = {};
    llhttp_resume(&llhttp_);
    const llhttp_errno_t error = llhttp_execute(&llhttp_, unread.data(), unread.size());
    chunk read{.consumed = unread.size(), .data = data_, .last = part_ == part::last_chunk};
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

failure parser::check_trailers(std::string_view section) {
    llhttp_resume(&llhttp_);
    const llhttp_errno_t error = llhttp_execute(&llhttp_, section.data(), section.size());
    if (error != HPE_PAUSED) return llhttp_failure();
    if (part_ != part::complete || llhttp_get_error_pos(&llhttp_) != section.data() + section.size())
        return {400, "Ambiguous end of the trailers"};
    return {};
}

failure parser::llhttp_failure() const {
    if (too_large_) return {413, "Request body too large"};
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
