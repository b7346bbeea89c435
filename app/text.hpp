// Reading text that came in a URL or a header field.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace girin::detail {

// Calls f(part) for each part between separators, until it returns true.
template <class F>
void split(std::string_view text, char separator, F f) {
    while (true) {
        const std::size_t end = text.find(separator);
        if (f(text.substr(0, end)) || end == text.npos) return;
        text.remove_prefix(end + 1);
    }
}

// All of the text as a T (int, long, …, double, bool, std::string, std::string_view), or nothing.
template <class T>
std::optional<T> parse_text(std::string_view text);

// Percent-decoded, with '+' as a space; a '%' that two hexadecimal digits do not follow stands for itself.
std::string decode_query(std::string_view text);

// Calls f(value) for each value of that name in a query string, in their order and still encoded.
template <class F>
void each_in_query(std::string_view query, std::string_view name, F f) {
    split(query, '&', [&](std::string_view pair) {
        const std::size_t equals = pair.find('=');
        const std::string_view key = pair.substr(0, equals);
        if (key == name || (key.find_first_of("%+") != key.npos && decode_query(key) == name))
            f(equals == pair.npos ? std::string_view() : pair.substr(equals + 1));
        return false;
    });
}

// The value of that cookie in a Cookie field (RFC 6265 section 5.4), without quotes around it, or nothing.
std::optional<std::string_view> find_in_cookies(std::string_view field, std::string_view name);

// A stranger's text for a message: printable UTF-8, no more than 200 bytes and what stands for the rest. Control
// characters and bytes that are no UTF-8 become \xHH.
std::string excerpt(std::string_view text);

// Without spaces and tabs at either end.
std::string_view trimmed(std::string_view text);

// Whether it is a token of RFC 9110 section 5.6.2, as field and cookie names must be.
bool is_token(std::string_view text);

// Whether a header may have that value: no control characters but tabs, no space at either end. Bytes above ASCII are
// allowed (RFC 9110 section 5.5).
bool is_field_value(std::string_view text);

}  // namespace girin::detail
