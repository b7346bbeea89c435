// Streams for tests, with a plain socket at the other end.
#pragma once

#include "aio/stream_core.hpp"
#include "aio/transport.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/until.hpp"

#include <girin/coro.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/stream_reader.hpp>
#include <girin/stream_writer.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace girin::test {

// The other end of a stream. Does not block.
class plain_socket {
 public:
    explicit plain_socket(int fd) noexcept : fd_(fd) {}
    plain_socket(plain_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~plain_socket() { close(); }

    int fd() const noexcept { return fd_; }
    void send(std::string_view bytes) {
        REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    // What is there now.
    std::string receive() {
        std::string all;
        char piece[65'536];
        for (ssize_t n; (n = ::recv(fd_, piece, sizeof piece, 0)) > 0;) all.append(piece, static_cast<std::size_t>(n));
        return all;
    }
    void send_fin() { ::shutdown(fd_, SHUT_WR); }
    // Whether the other side has ended, and nothing is left to be received.
    bool at_end() {
        char byte;
        return ::recv(fd_, &byte, 1, MSG_PEEK) == 0;
    }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    // Closes so that the other side is sent a reset; for TCP.
    void reset() {
        const linger at_once = {1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

 private:
    int fd_;
};

struct stream_and_socket {
    connection ours;
    plain_socket theirs;
};

inline stream_and_socket local_pair(std::size_t limit = 65'536) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    auto transport = std::make_unique<detail::socket_transport>(detail::descriptor(fds[0]));
    return {detail::handles_of(detail::open_socket_stream(std::move(transport), limit)), plain_socket(fds[1])};
}

// With buffers of 64 KiB, so that the kernel does not take all of what is to be waited for.
inline stream_and_socket tcp_pair() {
    const int buffered = 65'536;
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const plain_socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &buffered, sizeof buffered);
    REQUIRE(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(listener.fd(), 1) == 0);
    REQUIRE(::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffered, sizeof buffered);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&at), size) == 0);
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    plain_socket theirs(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    auto transport = std::make_unique<detail::socket_transport>(detail::descriptor(fd));
    return {detail::handles_of(detail::open_socket_stream(std::move(transport), 65'536)), std::move(theirs)};
}

// Lets a loop with virtual time turn, and ask the kernel for I/O in each turn, which it does every 100 us while a timer
// is armed.
inline coro<> io_turns(int n) {
    struct armed_timer {
        timer_handle timer = loop::running().call_later(std::chrono::hours(24), [] {});
        ~armed_timer() { timer.cancel(); }
    } armed_timer;
    while (n-- > 0) {
        loop::running().advance(std::chrono::microseconds(100));
        co_await sleep(std::chrono::nanoseconds(0));
    }
}

inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace girin::test
