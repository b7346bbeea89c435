#include "server/http1/response_fields.hpp"

#include "server/http1/characters.hpp"
#include "server/http1/put.hpp"

#include <girin/asgi_error.hpp>

#include <charconv>
#include <string>

namespace girin::http1 {
namespace {

bool is_field(std::string_view name, std::string_view lower_case) {
    return name == lower_case || same_name(name, lower_case);
}

std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f)
            shown += c;
        else
            shown.append("\\x").append(1, digits[byte / 16]).append(1, digits[byte % 16]);
    }
    return shown;
}

// Raising is kept out of the loop over all fields.
[[noreturn, gnu::noinline]] void refuse_name(std::string_view name, std::size_t wrong) {
    if (name.empty()) throw asgi_error("Invalid HTTP header name: expected a token, but got an empty one.");
    throw asgi_error("Invalid HTTP header name '" + printable(name) + "': '" + printable(name.substr(wrong, 1)) +
                     "' cannot be part of a token.");
}

[[noreturn, gnu::noinline]] void refuse_value(const header& field, std::size_t wrong) {
    throw asgi_error("Invalid HTTP header value of '" + printable(field.name) + "': it contains '" +
                     printable(field.value.substr(wrong, 1)) + "'.");
}

void check_name(std::string_view name) {
    const std::size_t wrong = find_not(name, token_char);
    if (name.empty() || wrong != name.size()) refuse_name(name, wrong);
}

// field-value of RFC 9110 section 5.5: visible ASCII, bytes from 0x80, spaces and tabs.
void check_value(const header& field) {
    std::size_t wrong = find_control(field.value, 0);
    while (wrong != field.value.size() && field.value[wrong] == '\t') wrong = find_control(field.value, wrong + 1);
    if (wrong != field.value.size()) refuse_value(field, wrong);
}

void read_content_length(std::string_view value, response_facts& facts) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size())
        throw asgi_error("Invalid Content-Length '" + std::string(value) + "': expected a decimal number.");
    if (facts.content_length) throw asgi_error("Content-Length is given twice.");
    facts.content_length = length;
}

// Checks the name, and reads a field that the server writes itself or that takes the place of one of its own. Returns
// whether to write it. Not inline, because most responses have no other field than content-type.
[[gnu::noinline]] bool check_field(const header& field, response_facts& facts) {
    check_name(field.name);
    switch (field.name.size()) {
        case 4:
            if (is_field(field.name, "date")) facts.has_date = true;
            return true;
        case 6:
            if (is_field(field.name, "server")) facts.has_server = true;
            return true;
        case 10:
            if (!is_field(field.name, "connection")) return true;
            if (same_name(trim_ows(field.value), "close")) facts.close = true;
            return false;
        case 14:
            if (!is_field(field.name, "content-length")) return true;
            read_content_length(field.value, facts);
            return false;
        case 17:
            return !is_field(field.name, "transfer-encoding");
        default:
            return true;
    }
}

}  // namespace

std::size_t fields_size(headers_view headers) {
    std::size_t size = 0;
    for (const header& field : headers) size += field.name.size() + field.value.size() + 4;
    return size;
}

char* put_fields(char* out, headers_view headers, response_facts& facts) {
    for (const header& field : headers) {
        check_value(field);
        // Comparing the name that is in nearly every response costs less than checking it.
        if (field.name != "content-type" && !check_field(field, facts)) continue;
        out = put(out, field.name);
        out = put(out, ": ");
        out = put(out, field.value);
        out = put(out, "\r\n");
    }
    return out;
}

}  // namespace girin::http1
