// Header fields as the contract passes them: names and values as views, in the order of the wire, duplicates kept.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace girin {

// One field line (RFC 9110 section 5). In a request the name is lower-case. Whoever made the header owns the bytes.
struct header {
    std::string_view name;
    std::string_view value;
};

using headers_view = std::span<const header>;

namespace detail {

constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace detail

// Whether two field names are the same; names compare without regard to ASCII case (RFC 9110 section 5.1).
constexpr bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (detail::ascii_lower(a[i]) != detail::ascii_lower(b[i])) return false;
    return true;
}

// The value of the first field called `name`, or nothing.
constexpr std::optional<std::string_view> find_header(headers_view headers, std::string_view name) {
    for (const header& field : headers)
        if (same_name(field.name, name)) return field.value;
    return std::nullopt;
}

}  // namespace girin
