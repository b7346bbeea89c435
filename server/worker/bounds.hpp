// The bounds of what a connection does for a client beyond its requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace girin::worker {

// What an application left of a request is read and thrown away up to here, so that the connection can be kept.
inline constexpr std::uint64_t most_discarded = 65'536;
// For how long a client is listened to after the last response, so that a reset does not destroy it.
inline constexpr auto linger_time = std::chrono::seconds(2);
// A response is sent before more pipelined requests are answered when so much of it waits.
inline constexpr std::size_t most_corked = 65'536;
// How long an idle client has for a request that is on its way when the worker drains.
inline constexpr auto drain_grace = std::chrono::milliseconds(500);

}  // namespace girin::worker
