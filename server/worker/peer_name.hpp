// The address of a client as text, made once per connection.
#pragma once

#include <girin/scope.hpp>

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace girin::worker {

class peer_name {
 public:
    peer_name() noexcept = default;
    // A TCP address; any other family stays empty.
    explicit peer_name(const sockaddr_storage& from) noexcept;

    // Views this object. Nothing for a client without an address (a unix socket).
    std::optional<address> view() const noexcept {
        if (length_ == 0) return std::nullopt;
        return address{std::string_view(host_, length_), port_};
    }

 private:
    char host_[46];  // INET6_ADDRSTRLEN
    std::uint8_t length_ = 0;
    std::uint16_t port_ = 0;
};

}  // namespace girin::worker
