#include "server/http1/request_fields.hpp"

#include "server/http1/characters.hpp"
#include "server/http1/request_line.hpp"

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

struct connection_options {
    bool close = false;
    bool keep_alive = false;
};

// The members of a Connection field (RFC 9110 section 7.6.1).
void read_connection(std::string_view value, connection_options& options) {
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        const std::string_view option = trim_ows(value.substr(0, comma));
        if (same_name(option, "close")) options.close = true;
        if (same_name(option, "keep-alive")) options.keep_alive = true;
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
failure settle_host(header* host, std::string_view authority, parser& parsed, const request_head& head) {
    if (host == nullptr) {
        if (!head.is_http10()) return {400, "Host header missing"};
        if (!authority.empty()) parsed.add_field("host", authority);
        return {};
    }
    if (host->value.empty() ? !authority.empty() : !is_authority(host->value)) return {400, "Invalid Host header"};
    if (!authority.empty()) host->value = authority;
    return {};
}

}  // namespace

failure read_request_fields(parser& parsed, std::string_view authority, request_head& head) {
    unsigned seen = 0;
    header* host = nullptr;
    connection_options options;
    head.content_length.reset();
    head.chunked = false;
    head.expect_continue = false;

    for (header& field : parsed.fields()) {
        const field_name name = classify(field.name);
        if ((seen & name & singletons) != 0) return repeated(name);
        seen |= name;
        failure refused;
        switch (name) {
            case host_field:
                host = &field;
                break;
            case connection:
                read_connection(field.value, options);
                break;
            case content_length:
                refused = read_content_length(field.value, head);
                break;
            case transfer_encoding:
                refused = read_transfer_encoding(field.value, head);
                break;
            case expect:
                refused = read_expect(field.value, head);
                break;
            default:
                break;
        }
        if (refused) return refused;
    }

    if (head.content_length && head.chunked) return {400, "Content-Length with Transfer-Encoding"};
    if (!parsed.agrees(head.content_length, head.chunked)) return {400, "Ambiguous framing"};
    if (failure refused = settle_host(host, authority, parsed, head)) return refused;
    if (!head.chunked && head.content_length.value_or(0) == 0) head.expect_continue = false;
    head.keep_alive = !options.close && (options.keep_alive || !head.is_http10());
    head.headers = parsed.fields();
    return {};
}

}  // namespace girin::http1
