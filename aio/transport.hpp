// What carries the bytes of a stream: a socket, or one end of a pipe. TLS would be one more, over a socket.
#pragma once

#include "aio/reactor.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace girin::detail {

struct transferred {
    std::size_t bytes = 0;  // when there is no error
    int error = 0;          // EAGAIN: nothing at the moment
};

class transport {
 public:
    explicit transport(descriptor d) noexcept : io(std::move(d)) {}
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;
    virtual ~transport() = default;

    // Each is one system call that does not wait. No bytes received without an error: the other side has ended.
    virtual transferred receive(std::span<char> room) noexcept = 0;
    virtual transferred send(std::string_view bytes) noexcept = 0;
    // Whether it has both directions; one that has only one is closed at the end of it.
    virtual bool duplex() const noexcept { return false; }
    // Lets the other side of a duplex one read its end, while it goes on sending.
    virtual void end_output() noexcept {}

    descriptor io;
};

class socket_transport final : public transport {
 public:
    using transport::transport;
    transferred receive(std::span<char> room) noexcept override;
    transferred send(std::string_view bytes) noexcept override;
    bool duplex() const noexcept override { return true; }
    void end_output() noexcept override;
};

// One end; receive() is for the one that can be read, send() for the other. No SIGPIPE is left behind.
class pipe_transport final : public transport {
 public:
    using transport::transport;
    transferred receive(std::span<char> room) noexcept override;
    transferred send(std::string_view bytes) noexcept override;
};

}  // namespace girin::detail
