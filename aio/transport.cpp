#include "aio/transport.hpp"

#include "aio/no_sigpipe.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace girin::detail {

namespace {

template <class Call>
transferred uninterrupted(Call call) noexcept {
    ssize_t n;
    do n = call();
    while (n < 0 && errno == EINTR);
    return n < 0 ? transferred{.error = errno} : transferred{.bytes = static_cast<std::size_t>(n)};
}

}  // namespace

transferred socket_transport::receive(std::span<char> room) noexcept {
    return uninterrupted([&] { return ::recv(io.fd(), room.data(), room.size(), 0); });
}

transferred socket_transport::send(std::string_view bytes) noexcept {
    return uninterrupted([&] { return ::send(io.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
}

void socket_transport::end_output() noexcept {
    ::shutdown(io.fd(), SHUT_WR);
}

transferred pipe_transport::receive(std::span<char> room) noexcept {
    return uninterrupted([&] { return ::read(io.fd(), room.data(), room.size()); });
}

transferred pipe_transport::send(std::string_view bytes) noexcept {
    no_sigpipe guard;
    const transferred result = uninterrupted([&] { return ::write(io.fd(), bytes.data(), bytes.size()); });
    guard.raised = result.error == EPIPE;
    return result;
}

}  // namespace girin::detail
