// socket_address as the kernel writes it.
#pragma once

#include <girin/socket_address.hpp>

#include <sys/socket.h>

namespace girin::detail {

struct native_address {
    native_address() = default;
    // std::invalid_argument for a host that is no numeric address, or a path that is too long.
    explicit native_address(const socket_address& address);

    // What the kernel has filled in.
    socket_address read() const;

    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }

    sockaddr_storage storage = {};
    socklen_t size = sizeof storage;
};

// Of an open socket.
socket_address own_name(int fd);
socket_address peer_name(int fd);

}  // namespace girin::detail
