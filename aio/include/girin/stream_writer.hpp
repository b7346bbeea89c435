// stream_writer: the bytes that go out over a connection or into a child process (asyncio.StreamWriter).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/resource.hpp>
#include <girin/socket_address.hpp>
#include <girin/stream_reader.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace girin {

// Copies mean the same writer. When the last copy is gone, and the last one of its reader, the stream is closed as by
// close(). Not thread-safe, and of the loop in which it was made. A loop that is closed drops what has not been sent.
class GIRIN_EXPORT stream_writer {
 public:
    explicit stream_writer(detail::ref<detail::resource> core) noexcept : core_(std::move(core)) {}

    // Gives the bytes to the kernel, and keeps what it does not take now, without a limit: await drain() after it.
    // Never waits. Does nothing once the stream is closing or lost, which drain() tells. std::runtime_error after
    // write_eof().
    void write(std::string_view bytes) const;
    // The same for all of them as one.
    template <class Pieces>
    void writelines(const Pieces& pieces) const {
        std::string all;
        for (const auto& piece : pieces) all += piece;
        write(all);
    }
    // Returns at once unless more is kept than the high-water mark, and otherwise when it has fallen to the low-water
    // mark. Raises std::system_error when the connection is lost or closed. Cancelling ends the wait, and nothing else.
    GIRIN_CORO_WRAPPER coro<void> drain() const;
    // In bytes; 64 KiB and 16 KiB unless they are changed. std::invalid_argument when low is above high.
    void set_write_buffer_limits(std::size_t high, std::size_t low) const;

    // Lets the other side read the end of the stream when all has been sent; reading goes on. A pipe is closed.
    void write_eof() const;
    // Reads no more, and closes when all has been sent, in the background. A connection whose other side takes nothing
    // for 30 seconds is given up, which then is the error of wait_closed(). Idempotent.
    void close() const;
    // Closes now, and drops what has not been sent.
    void abort() const noexcept;
    // Whether close() was called, or the connection is lost.
    bool is_closing() const noexcept;
    // Waits until the stream is closed, by close() or because it was lost; does not close it. Raises std::system_error
    // when it was lost with an error. Cancelling ends the wait, and nothing else.
    GIRIN_CORO_WRAPPER coro<void> wait_closed() const;

    // Where the other side is, and this one, as it was when the connection was made: get_extra_info("peername") and
    // "sockname". The family of a pipe's is `any`.
    const socket_address& peername() const noexcept;
    const socket_address& sockname() const noexcept;

 private:
    detail::ref<detail::resource> core_;
};

// Both ends of a connection, as its owner has them.
struct connection {
    stream_reader reader;
    stream_writer writer;
};

}  // namespace girin
