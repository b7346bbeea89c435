#include "aio/pool_protocol.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace girin::detail {

namespace {

// All of it, or false. Interrupted calls go on.
bool send_all(int socket, const char* data, std::size_t size) noexcept {
    while (size != 0) {
        const ssize_t sent = ::send(socket, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

bool send_message(int socket, const std::string& message) {
    const std::uint64_t size = message.size();
    return send_all(socket, reinterpret_cast<const char*>(&size), sizeof size) &&
           send_all(socket, message.data(), message.size());
}

}  // namespace girin::detail
