// server: listens, and runs a coroutine for each client (asyncio.Server, asyncio.start_server).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/resource.hpp>
#include <girin/socket_address.hpp>
#include <girin/stream_reader.hpp>
#include <girin/stream_writer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

// What is called for each client.
class client_callback {
 public:
    virtual ~client_callback() = default;
    GIRIN_CORO_WRAPPER virtual coro<void> call(stream_reader reader, stream_writer writer) = 0;
};

template <class Callback>
class client_callback_of final : public client_callback {
 public:
    explicit client_callback_of(Callback callback) : callback_(std::move(callback)) {}
    GIRIN_CORO_WRAPPER coro<void> call(stream_reader reader, stream_writer writer) override {
        return callback_(std::move(reader), std::move(writer));
    }

 private:
    Callback callback_;
};

template <class F>
concept client_function = requires(F f, stream_reader reader, stream_writer writer) {
    { f(std::move(reader), std::move(writer)) } -> std::same_as<coro<void>>;
};

}  // namespace detail

struct server_options {
    std::size_t limit = 65'536;                   // how far readline() and readuntil() look, in bytes
    int backlog = 100;                            // clients that may wait in the kernel to be accepted
    address_family family = address_family::any;  // of the host's addresses: all, or only ipv4 or ipv6
    bool reuse_port = false;                      // other processes may listen at the same port, and get their share
    bool start_serving = true;                    // else it accepts nobody before start_serving() or serve_forever()
};

// Copies mean the same server. It serves until it is closed, also when nobody has a copy any more, or until its loop is
// closed. Not thread-safe.
class GIRIN_EXPORT server {
 public:
    explicit server(detail::ref<detail::resource> core) noexcept : core_(std::move(core)) {}

    // Accepts from now on; nothing happens when it does already. std::runtime_error when it is closed.
    void start_serving() const;
    // Accepts until the server is closed or the task is cancelled, and then raises cancelled_error. When the task is
    // cancelled, that closes the server and its connections and waits for their ends first. std::runtime_error when the
    // server is closed, or another task is in serve_forever() already.
    GIRIN_CORO_WRAPPER coro<void> serve_forever() const;
    bool is_serving() const noexcept;

    // Listens no more; who waits to be accepted is turned away, and connections go on. Idempotent.
    void close() const;
    // close() and abort() of every connection that it has accepted.
    void close_clients() const;
    void abort_clients() const;
    // Waits until the server is closed and every connection that it has accepted is closed or lost. Cancelling ends
    // the wait, and nothing else.
    GIRIN_CORO_WRAPPER coro<void> wait_closed() const;

    // Where it listens; nowhere once it is closed.
    std::vector<socket_address> sockets() const;
    // The first one's port: what the kernel has chosen when it was asked for port 0. std::runtime_error when there is
    // none.
    std::uint16_t port() const;

 private:
    detail::ref<detail::resource> core_;
};

namespace detail {

GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<server> start_tcp_server(std::unique_ptr<client_callback> callback,
                                                              std::string host, std::uint16_t port,
                                                              server_options options);
GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<server> start_local_server(std::unique_ptr<client_callback> callback,
                                                                std::string path, server_options options);

}  // namespace detail

// Listens at every address of the host (every interface when it is empty; see getaddrinfo), at a port that the kernel
// chooses when it is 0. For each client `callback(reader, writer)` is called, and the coroutine that it returns runs
// as a task; the callback lives as long as any of them. What a callback raises goes to the loop's exception handler
// and closes its connection; a connection whose handles are all dropped is closed. std::system_error, which names host
// and port, when it cannot listen. While there is no descriptor for a client, it tries again every second, and tells
// the loop's exception handler.
template <detail::client_function Callback>
GIRIN_CORO_WRAPPER coro<server> start_server(Callback callback, std::string host, std::uint16_t port,
                                             server_options options = {}) {
    return detail::start_tcp_server(std::make_unique<detail::client_callback_of<Callback>>(std::move(callback)),
                                    std::move(host), port, options);
}

// The same at a path, or in the abstract namespace if that begins with a 0 byte. A socket that is there already is
// replaced, and its own is removed when the server is closed.
template <detail::client_function Callback>
GIRIN_CORO_WRAPPER coro<server> start_unix_server(Callback callback, std::string path, server_options options = {}) {
    return detail::start_local_server(std::make_unique<detail::client_callback_of<Callback>>(std::move(callback)),
                                      std::move(path), options);
}

}  // namespace girin
