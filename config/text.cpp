// ASCII case, UTF-8 validity and quoting for messages.
#include "config/text.hpp"

namespace girin::config {
namespace {

bool is_control(unsigned char c) {
    return (c < 0x20 && c != '\t') || c == 0x7f;
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

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return result;
}

bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = code_point_size(text);
        if (size == 0 || is_control(static_cast<unsigned char>(text[0]))) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t most = 80;
    constexpr char digits[] = "0123456789abcdef";
    const bool printable = is_printable(text);
    std::string result = "'";
    for (const char c : text.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_control(byte) || (byte >= 0x80 && !printable))
            result.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
        else
            result += c;
    }
    return result + (text.size() > most ? "...'" : "'");
}

}  // namespace girin::config
