// The scoreboard: what one worker tells about itself in a memory file, written by it alone, read by the master and by
// the other workers. Processes of different versions read each other's: fields are only ever appended, and what breaks
// that changes the magic.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace girin::supervision {

using clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: the same in every process of the machine
using time_point = clock::time_point;

// `full`: ready, but it takes no more clients at the moment, so that its peers do not leave any to it. A state that an
// older process does not know is booting to it.
enum class worker_state : std::uint32_t { booting, ready, draining, full };

// How often a worker's loop shows that it turns, and after how long without that its peers count on it no more.
inline constexpr std::chrono::milliseconds heartbeat_interval{100};
inline constexpr std::chrono::milliseconds heartbeat_stale{500};

inline constexpr std::uint64_t scoreboard_magic = 0x3130'4253'4e49'5247;  // "GRINSB01"
inline constexpr std::uint32_t scoreboard_version = 1;
inline constexpr std::size_t scoreboard_file_bytes = 65'536;  // room for later versions' fields
inline constexpr std::size_t in_flight_entries = 64;
inline constexpr std::size_t request_line_bytes = 128;

// One request in flight. A seqlock: odd while it is being written. `length` of 0 is a free entry.
struct in_flight_entry {
    std::atomic<std::uint32_t> sequence;
    std::atomic<std::uint32_t> length;
    std::atomic<std::int64_t> started;  // monotonic ns
    std::array<std::atomic<std::uint64_t>, request_line_bytes / 8> line;
};

struct scoreboard_layout {
    std::atomic<std::uint64_t> magic;  // written last, when the rest is there
    std::atomic<std::uint32_t> version;
    std::atomic<std::uint32_t> size;
    std::atomic<std::uint32_t> pid;
    std::atomic<std::uint32_t> slot;
    std::atomic<std::uint32_t> generation;
    std::atomic<std::uint32_t> state;
    std::atomic<std::int64_t> heartbeat;  // monotonic ns
    std::atomic<std::uint64_t> connections;
    std::atomic<std::uint64_t> requests;
    std::atomic<std::uint64_t> accepted;
    std::array<in_flight_entry, in_flight_entries> in_flight;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(in_flight_entry) == 144 && offsetof(scoreboard_layout, in_flight) == 64);
static_assert(sizeof(scoreboard_layout) <= scoreboard_file_bytes);

}  // namespace girin::supervision
