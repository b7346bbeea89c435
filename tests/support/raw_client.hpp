// A client for tests, on the loop of the server that it talks to: sends bytes as they are, and keeps what comes back.
#pragma once

#include "aio/io_wait.hpp"
#include "aio/reactor.hpp"
#include "tests/support/until.hpp"

#include <girin/coro.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace girin::test {

// Lets the loop turn often enough for everything that can happen without the clock.
inline coro<> settle() {
    for (int turn = 0; turn < 500; ++turn) co_await sleep(std::chrono::nanoseconds(0));
}

class raw_client {
 public:
    // `fd` is a connected, non-blocking socket.
    explicit raw_client(int fd) : socket_(fd) {}

    int fd() const { return socket_.fd(); }
    // Everything received and not taken yet.
    const std::string& received() const { return received_; }
    bool ended() const { return ended_; }
    bool reset() const { return reset_; }

    // The kernel must have room for it.
    void send(std::string_view bytes) {
        const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        REQUIRE(sent == static_cast<ssize_t>(bytes.size()));
    }
    // Sends, and waits whenever the kernel is full.
    coro<> send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent > 0)
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            else if (errno == EAGAIN)
                co_await sleep(std::chrono::nanoseconds(0));
            else
                co_return;
        }
    }
    void send_fin() { ::shutdown(socket_.fd(), SHUT_WR); }
    void close() { socket_.close(); }
    // Closes so that the server is sent a reset.
    void abort() {
        const linger at_once = {1, 0};
        ::setsockopt(socket_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.close();
    }

    // Waits for one piece, as the kernel gives it; false at the end.
    coro<bool> read_piece() {
        std::vector<char> piece(262'144);
        ssize_t got = 0;
        co_await girin::detail::io_wait(socket_, [&] {
            got = ::recv(socket_.fd(), piece.data(), piece.size(), 0);
            return got >= 0 || errno != EAGAIN;
        });
        if (got > 0) received_.append(piece.data(), static_cast<std::size_t>(got));
        if (got < 0) reset_ = true;
        if (got <= 0) ended_ = true;
        co_return got > 0;
    }
    // Takes what is there already, without waiting.
    std::string_view look() {
        char piece[65536];
        ssize_t got;
        while ((got = ::recv(socket_.fd(), piece, sizeof piece, MSG_DONTWAIT)) > 0)
            received_.append(piece, static_cast<std::size_t>(got));
        if (got == 0) ended_ = true;
        if (got < 0 && errno != EAGAIN) ended_ = reset_ = true;
        return received_;
    }
    // Takes everything up to and with `mark`.
    coro<std::string> read_to(std::string mark) {
        std::size_t at;
        while ((at = received_.find(mark)) == std::string::npos) {
            const bool more = co_await read_piece();
            if (!more) FAIL("the connection ended before '", mark, "', after: ", received_);
        }
        co_return take(at + mark.size());
    }
    coro<std::string> read(std::size_t size) {
        while (received_.size() < size) {
            const bool more = co_await read_piece();
            if (!more) FAIL("the connection ended after ", received_.size(), " of ", size, " bytes");
        }
        co_return take(size);
    }
    // Takes everything up to the end of the connection.
    coro<std::string> read_rest() {
        while (!ended_) co_await read_piece();
        co_return take(received_.size());
    }
    // Takes one response, head and body; `to_head`: the request was a HEAD.
    coro<std::string> response(bool to_head = false) {
        std::string all = co_await read_to("\r\n\r\n");
        if (to_head) co_return all;
        if (all.find("transfer-encoding: chunked\r\n") != std::string::npos) {
            std::string rest = co_await read_to("0\r\n\r\n");
            co_return all + rest;
        }
        const std::size_t at = all.find("content-length: ");
        if (at == std::string::npos) co_return all;
        std::size_t length = 0;
        std::from_chars(all.data() + at + 16, all.data() + all.size(), length);
        std::string body = co_await read(length);
        co_return all + body;
    }

 private:
    std::string take(std::size_t size) {
        std::string taken = received_.substr(0, size);
        received_.erase(0, size);
        return taken;
    }

    girin::detail::descriptor socket_;
    std::string received_;
    bool ended_ = false;
    bool reset_ = false;
};

inline std::string head_of(std::string_view response) {
    return std::string(response.substr(0, response.find("\r\n\r\n") + 2));
}
inline std::string body_of(std::string_view response) {
    return std::string(response.substr(response.find("\r\n\r\n") + 4));
}
inline int status_of(std::string_view response) {
    int status = 0;
    if (response.starts_with("HTTP/1.1 ")) std::from_chars(response.data() + 9, response.data() + 12, status);
    return status;
}
inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace girin::test
