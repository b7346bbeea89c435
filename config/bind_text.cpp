// Parsing and printing of addresses to listen at.
#include "config/bind_text.hpp"

#include "config/units.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

namespace girin::config {
namespace {

bool is_ipv6(std::string_view text) {
    in6_addr address;
    return inet_pton(AF_INET6, std::string(text.substr(0, text.find('%'))).c_str(), &address) == 1;
}

}  // namespace

std::optional<bind_address> parse_bind(std::string_view text) {
    if (text.starts_with("unix:")) {
        const std::string_view path = text.substr(5);
        if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
        return bind_address{{}, 0, std::string(path)};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_count(text.substr(colon + 1));
    if (!port || *port > UINT16_MAX) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (!is_ipv6(host)) return std::nullopt;
    } else if (host.find_first_of(":/[]@ \t") != std::string_view::npos) {
        return std::nullopt;
    } else if (host.empty()) {
        host = "0.0.0.0";
    }
    return bind_address{std::string(host), static_cast<std::uint16_t>(*port), {}};
}

std::string bind_text(const bind_address& address) {
    if (!address.path.empty()) return "unix:" + address.path;
    const bool brackets = address.host.find(':') != std::string::npos;
    return (brackets ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

}  // namespace girin::config
