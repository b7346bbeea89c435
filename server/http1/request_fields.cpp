#include "server/http1/request_fields.hpp"

#include "server/http1/characters.hpp"

#include <algorithm>
#include <charconv>

namespace girin::http1 {
namespace {

// The fields that the server acts on, or that mean nothing when there are two of them.
enum field_name : unsigned {
    other = 0,
    host_field = 1,
    expect = 2,
    connection = 4,
    content_type = 8,
    authorization = 16,
    content_length = 32,
    transfer_encoding = 64,
};
constexpr unsigned singletons = host_field | content_type | authorization | content_length | transfer_encoding;

// Why a line does not begin with a name and a colon; a fold is RFC 9112 section 5.2's.
failure wrong_name(char first) {
    if (is_ows(first)) return {400, "Folded header line"};
    return {400, "Invalid header name"};
}

field_name classify(std::string_view name) {
    switch (name.size()) {
        case 4:
            return name == "host" ? host_field : other;
        case 6:
            return name == "expect" ? expect : other;
        case 10:
            return name == "connection" ? connection : other;
        case 12:
            return name == "content-type" ? content_type : other;
        case 13:
            return name == "authorization" ? authorization : other;
        case 14:
            return name == "content-length" ? content_length : other;
        case 17:
            return name == "transfer-encoding" ? transfer_encoding : other;
        default:
            return other;
    }
}

// What the fields read so far have said.
struct notes {
    unsigned seen = 0;
    header* host = nullptr;
    bool close = false;
    bool keep_alive = false;
};

// The members of a Connection field (RFC 9110 section 7.6.1).
void read_connection(std::string_view value, notes& said) {
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        const std::string_view option = trim_ows(value.substr(0, comma));
        if (same_name(option, "close")) said.close = true;
        if (same_name(option, "keep-alive")) said.keep_alive = true;
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

failure read_content_length(std::string_view value, request_head& head) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size()) return {400, "Invalid Content-Length"};
    head.content_length = length;
    return {};
}

// Chunked is the one coding there is; where it is not the last, the length of the body is unknown (RFC 9112
// section 6.3).
failure read_transfer_encoding(std::string_view value, request_head& head) {
    if (head.is_http10()) return {400, "Transfer-Encoding in HTTP/1.0"};
    if (same_name(value, "chunked")) {
        head.chunked = true;
        return {};
    }
    const std::string_view last = trim_ows(value.substr(value.rfind(',') + 1));
    if (same_name(last, "chunked")) return {501, "Transfer-Encoding must be chunked alone"};
    return {400, "Invalid Transfer-Encoding"};
}

// An HTTP/1.0 client cannot be waiting for an interim response (RFC 9110 section 10.1.1).
failure read_expect(std::string_view value, request_head& head) {
    if (head.is_http10()) return {};
    if (!same_name(value, "100-continue")) return {417, "Expectation must be 100-continue"};
    head.expect_continue = true;
    return {};
}

failure repeated(field_name name) {
    switch (name) {
        case host_field:
            return {400, "Host header repeated"};
        case content_type:
            return {400, "Content-Type header repeated"};
        case authorization:
            return {400, "Authorization header repeated"};
        case content_length:
            return {400, "Content-Length header repeated"};
        default:
            return {400, "Transfer-Encoding header repeated"};
    }
}

// RFC 9112 section 3.2: an empty Host is what a client sends when its target has no authority.
failure check_host(const header* host, std::string_view authority, request_storage& storage) {
    if (host == nullptr) return storage.head.is_http10() ? failure() : failure{400, "Host header missing"};
    const bool valid = host->value.empty() ? authority.empty() : storage.hosts.accepts(host->value);
    if (!valid) return {400, "Invalid Host header"};
    return {};
}

// Kept out of the loop over all fields, most of which mean nothing to the server.
[[gnu::noinline]] failure note(field_name name, header& field, notes& said, request_head& head) {
    if ((said.seen & name & singletons) != 0) return repeated(name);
    said.seen |= name;
    switch (name) {
        case host_field:
            said.host = &field;
            return {};
        case connection:
            read_connection(field.value, said);
            return {};
        case content_length:
            return read_content_length(field.value, head);
        case transfer_encoding:
            return read_transfer_encoding(field.value, head);
        case expect:
            return read_expect(field.value, head);
        default:
            return {};
    }
}

// Makes a name lower-case where it stands and returns how long it is. It ends before the first character that is no
// token, which is at the latest the CR of its line.
std::size_t lower_name(char* name, bool& has_underscore) {
    std::size_t size = 0;
    for (;;) {
        while (const char lower = lower_case_tokens[static_cast<unsigned char>(name[size])]) name[size++] = lower;
        if (name[size] != '_') return size;
        has_underscore = true;
        ++size;
    }
}

}  // namespace

failure read_request_fields(std::span<char> section, std::span<const text_line> lines, std::string_view authority,
                            const limits& limits, request_storage& storage) {
    request_head& head = storage.head;
    header* const fields = storage.fields.get();
    header* next = fields;
    notes said;
    head.content_length.reset();
    head.chunked = false;
    head.expect_continue = false;

    for (const text_line& at : lines) {
        char* const line = section.data() + at.begin;
        bool has_underscore = false;
        const std::size_t name_size = lower_name(line, has_underscore);
        if (name_size == 0 || line[name_size] != ':') return wrong_name(*line);
        if (has_underscore && !limits.underscore_names) continue;
        header& field = *next++;
        field.name = {line, name_size};
        field.value = trim_ows({line + name_size + 1, at.size - name_size - 1});
        if (const field_name name = classify(field.name); name != other)
            if (failure refused = note(name, field, said, head)) return refused;
    }

    if (head.content_length && head.chunked) return {400, "Content-Length with Transfer-Encoding"};
    if (failure refused = check_host(said.host, authority, storage)) return refused;
    if (!authority.empty()) {
        if (said.host == nullptr) said.host = next++;
        *said.host = {"host", authority};
    }
    if (!head.chunked && head.content_length.value_or(0) == 0) head.expect_continue = false;
    head.keep_alive = !said.close && (said.keep_alive || !head.is_http10());
    head.headers = {fields, next};
    return {};
}

failure check_trailer_names(std::string_view section, std::span<const text_line> lines) {
    for (const text_line& at : lines) {
        const std::string_view line = section.substr(at.begin, at.size);
        const std::string_view name = line.substr(0, find_not(line, token_char));
        if (name.empty() || !line.substr(name.size()).starts_with(':')) return wrong_name(line.front());
        if (same_name(name, "content-length") || same_name(name, "transfer-encoding") || same_name(name, "host"))
            return {400, "Forbidden field in the trailers"};
    }
    return {};
}

}  // namespace girin::http1
