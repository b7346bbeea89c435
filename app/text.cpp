#include "app/text.hpp"

#include <girin/headers.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>

namespace girin::detail {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Bytes of the code point that `text` begins with, 0 when it begins with none (RFC 3629 section 4).
std::size_t code_point_size(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
    if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
    return size;
}

// U+0080 to U+009F are control characters too.
bool is_control(std::string_view code_point) {
    const auto first = static_cast<unsigned char>(code_point[0]);
    return first < 0x20 || first == 0x7f || (first == 0xc2 && static_cast<unsigned char>(code_point[1]) < 0xa0);
}

}  // namespace

template <class T>
std::optional<T> parse_text(std::string_view text) {
    if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
        return T(text);
    } else if constexpr (std::same_as<T, bool>) {
        if (text == "true" || text == "1") return true;
        if (text == "false" || text == "0") return false;
        return std::nullopt;
    } else {
        T value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        if constexpr (std::floating_point<T>)
            if (!std::isfinite(value)) return std::nullopt;
        return value;
    }
}

template std::optional<bool> parse_text(std::string_view);
template std::optional<int> parse_text(std::string_view);
template std::optional<unsigned> parse_text(std::string_view);
template std::optional<long> parse_text(std::string_view);
template std::optional<unsigned long> parse_text(std::string_view);
template std::optional<long long> parse_text(std::string_view);
template std::optional<unsigned long long> parse_text(std::string_view);
template std::optional<double> parse_text(std::string_view);
template std::optional<std::string> parse_text(std::string_view);
template std::optional<std::string_view> parse_text(std::string_view);

std::string decode_query(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            decoded.push_back(' ');
        } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                   hex_digit(text[i + 2]) >= 0) {
            decoded.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
            i += 2;
        } else {
            decoded.push_back(text[i]);
        }
    }
    return decoded;
}

std::optional<std::string_view> find_in_cookies(std::string_view field, std::string_view name) {
    std::optional<std::string_view> found;
    split(field, ';', [&](std::string_view pair) {
        const std::size_t equals = pair.find('=');
        if (equals == pair.npos || trimmed(pair.substr(0, equals)) != name) return false;
        std::string_view value = trimmed(pair.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        found = value;
        return true;
    });
    return found;
}

std::string excerpt(std::string_view text) {
    constexpr std::size_t most = 200;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    while (!text.empty()) {
        const std::size_t size = code_point_size(text);
        const std::string_view next = text.substr(0, std::max<std::size_t>(size, 1));
        std::string piece;
        if (size != 0 && !is_control(next)) {
            piece = next;
        } else {
            for (const char c : next) {
                const auto byte = static_cast<unsigned char>(c);
                piece.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
            }
        }
        if (shown.size() + piece.size() > most) return shown + "...";
        shown += piece;
        text.remove_prefix(next.size());
    }
    return shown;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        const char lower = ascii_lower(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return trimmed(text).size() == text.size() && std::ranges::all_of(text, [](char c) {
               return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
           });
}

}  // namespace girin::detail
