// Reading text that came in a URL or a header field.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace girin::detail {

// All of the text as a T (int, long, …, double, bool, std::string, std::string_view), or nothing.
template <class T>
std::optional<T> parse_text(std::string_view text);

// Percent-decoded, with '+' as a space; a '%' that two hexadecimal digits do not follow stands for itself.
std::string decode_query(std::string_view text);

// The last value of that name in a query string, still encoded, or nothing.
std::optional<std::string_view> find_in_query(std::string_view query, std::string_view name);

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
