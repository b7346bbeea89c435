#include "server/log/basic_user.hpp"

#include <girin/headers.hpp>

#include <cstdint>

namespace girin::log {
namespace {

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

}  // namespace

std::string basic_user(std::string_view authorization) {
    constexpr std::string_view scheme = "basic ";
    std::string name;
    if (!same_name(authorization.substr(0, scheme.size()), scheme)) return name;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : authorization.substr(scheme.size())) {
        const int value = base64_value(c);
        if (value < 0) break;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        const char decoded = static_cast<char>(bits >> count & 0xff);
        if (decoded == ':') return name;
        name += decoded;
    }
    return {};
}

}  // namespace girin::log
