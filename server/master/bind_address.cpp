#include "server/master/bind_address.hpp"

#include <charconv>
#include <stdexcept>

namespace girin::master {
namespace {

[[noreturn]] void refuse(std::string_view text) {
    throw std::invalid_argument("an address to bind must be HOST:PORT, [IPV6]:PORT or unix:PATH, not '" +
                                std::string(text) + "'");
}

bool is_port(std::string_view text) {
    int port = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port >= 0 && port <= 65535;
}

}  // namespace

bind_address parse_bind_address(std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    constexpr std::string_view tcp_prefix = "tcp://";
    if (text.starts_with(unix_prefix)) {
        if (text == unix_prefix) refuse(text);
        return {{}, {}, std::string(text.substr(unix_prefix.size()))};
    }
    std::string_view rest = text;
    if (rest.starts_with(tcp_prefix)) rest.remove_prefix(tcp_prefix.size());

    std::string_view host;
    if (rest.starts_with('[')) {
        const std::size_t bracket = rest.find(']');
        if (bracket == rest.npos || bracket == 1) refuse(text);
        host = rest.substr(1, bracket - 1);
        rest.remove_prefix(bracket + 1);
    } else {
        host = rest.substr(0, rest.find(':'));
        rest.remove_prefix(host.size());
        if (host.empty() && rest.empty()) refuse(text);
    }
    if (rest.empty()) rest = ":8000";
    if (rest.front() != ':' || !is_port(rest.substr(1))) refuse(text);
    return {host.empty() ? "0.0.0.0" : std::string(host), std::string(rest.substr(1)), {}};
}

}  // namespace girin::master
