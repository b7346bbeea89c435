// open_connection: connects to a server (asyncio.open_connection).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/socket_address.hpp>
#include <girin/stream_reader.hpp>
#include <girin/stream_writer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace girin {

struct connection_options {
    std::size_t limit = 65'536;                   // how far readline() and readuntil() look, in bytes
    address_family family = address_family::any;  // of the host's addresses: all, or only ipv4 or ipv6
    // The next address is tried so long after the one before, or when that has failed; nothing: only then.
    std::optional<std::chrono::nanoseconds> happy_eyeballs_delay = std::chrono::milliseconds(250);
};

// Looks up the host (see getaddrinfo) and connects over TCP to the first of its addresses that accepts, IPv6 and IPv4
// by turns (RFC 8305). Raises std::system_error, which names host and port, and what each address said if that differs.
// Waits as long as the kernel does, about two minutes, unless it is put into timeout(). Cancelling it closes what has
// been opened.
GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<connection> open_connection(std::string host, std::uint16_t port,
                                                                 connection_options options = {});

// The same to a Unix socket. One whose path begins with a 0 byte is in the abstract namespace. While the server's
// queue is full, it is tried again until the task is cancelled.
GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<connection> open_unix_connection(std::string path, std::size_t limit = 65'536);

}  // namespace girin
