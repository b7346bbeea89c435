#include "server/log/escape.hpp"

#include <array>

namespace girin::log {
namespace {

constexpr auto harmless = [] {
    std::array<bool, 256> table{};
    for (std::size_t byte = 0x20; byte <= 0x7e; ++byte) table[byte] = byte != '"' && byte != '\\';
    return table;
}();

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (harmless[byte]) continue;
        out.append(text, copied, i - copied);
        copied = i + 1;
        if (byte == '"' || byte == '\\')
            out += {'\\', text[i]};
        else
            out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
    out.append(text, copied);
}

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    append_escaped(out, text);
    return out;
}

}  // namespace girin::log
