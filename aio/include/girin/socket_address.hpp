// socket_address: where one end of a connection is.
#pragma once

#include <girin/export.hpp>

#include <cstdint>
#include <string>

namespace girin {

enum class address_family : unsigned char { any, ipv4, ipv6, local };

// An address with a port, or the path of a Unix socket.
struct socket_address {
    address_family family = address_family::any;
    std::string host = {};       // numeric, "127.0.0.1" or "::1"; or a path, which is empty for a socket without a name
    std::uint16_t port = 0;      // 0 for a path
    std::uint32_t flowinfo = 0;  // of IPv6
    std::uint32_t scope_id = 0;  // of IPv6: the interface of a link-local address

    friend bool operator==(const socket_address&, const socket_address&) = default;
};

// "127.0.0.1:80", "[::1]:80", or the path.
GIRIN_EXPORT std::string to_string(const socket_address& address);

}  // namespace girin
