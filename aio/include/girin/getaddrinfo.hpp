// getaddrinfo: looks up the addresses of a host while the loop goes on (loop.getaddrinfo).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/socket_address.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace girin {

struct lookup_options {
    address_family family = address_family::any;  // or ipv4, or ipv6
    bool passive = false;                         // for bind(): no host means every interface, not this machine
};

// Of the error codes of a look-up, such as "Name or service not known" (socket.gaierror).
GIRIN_EXPORT const std::error_category& gai_category() noexcept;

// Its addresses in the order in which they should be tried, at least one. Raises std::system_error, naming the host. A
// numeric host is looked up at once; for any other the system's resolver blocks a thread of the loop's default pool,
// which can last as long as /etc/resolv.conf says. A cancelled task does not wait for that: a queued look-up is
// dropped, one that runs goes on alone, and its result is dropped; run() waits for it in the end. Raises pool_full
// when the pool's queue is full. A "localhost" that the system does not know is this
// machine.
GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<std::vector<socket_address>> getaddrinfo(std::string host, std::uint16_t port,
                                                                              lookup_options options = {});

}  // namespace girin
