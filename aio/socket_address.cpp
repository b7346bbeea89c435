#include "aio/native_address.hpp"

#include <girin/socket_address.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace girin {

std::string to_string(const socket_address& address) {
    if (address.family == address_family::local) return address.host;
    const bool bracketed = address.host.find(':') != std::string::npos;
    return (bracketed ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

namespace detail {

namespace {

// Of a path in the abstract namespace the first byte is 0, and it ends where the address does.
constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

}  // namespace

native_address::native_address(const socket_address& address) {
    auto bad = [&] { return std::invalid_argument("no address of a socket: '" + address.host + "'"); };
    if (address.family == address_family::local) {
        auto& local = reinterpret_cast<sockaddr_un&>(storage);
        if (address.host.empty() || address.host.size() >= sizeof local.sun_path) throw bad();
        local.sun_family = AF_UNIX;
        std::memcpy(local.sun_path, address.host.data(), address.host.size());
        const bool abstract = address.host[0] == '\0';
        size = static_cast<socklen_t>(path_offset + address.host.size() + (abstract ? 0 : 1));
    } else if (address.family == address_family::ipv6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(address.port);
        v6.sin6_flowinfo = htonl(address.flowinfo);
        v6.sin6_scope_id = address.scope_id;
        if (inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) != 1) throw bad();
        size = sizeof v6;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port);
        if (inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) != 1) throw bad();
        size = sizeof v4;
    }
}

socket_address native_address::read() const {
    socket_address result;
    char text[INET6_ADDRSTRLEN] = {};
    if (storage.ss_family == AF_UNIX) {
        const auto& local = reinterpret_cast<const sockaddr_un&>(storage);
        result.family = address_family::local;
        const std::size_t length = size > path_offset ? size - path_offset : 0;
        const bool abstract = length > 0 && local.sun_path[0] == '\0';
        result.host.assign(local.sun_path, abstract ? length : ::strnlen(local.sun_path, length));
    } else if (storage.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
        result.family = address_family::ipv6;
        result.host = inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        result.port = ntohs(v6.sin6_port);
        result.flowinfo = ntohl(v6.sin6_flowinfo);
        result.scope_id = v6.sin6_scope_id;
    } else if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        result.family = address_family::ipv4;
        result.host = inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        result.port = ntohs(v4.sin_port);
    }
    return result;
}

socket_address own_name(int fd) {
    native_address name;
    if (::getsockname(fd, name.get(), &name.size) != 0) return {};
    return name.read();
}

socket_address peer_name(int fd) {
    native_address name;
    if (::getpeername(fd, name.get(), &name.size) != 0) return {};
    return name.read();
}

}  // namespace detail

}  // namespace girin
