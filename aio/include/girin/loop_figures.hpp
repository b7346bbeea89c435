// What a loop has measured of itself.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace girin {

// Counted since the loop was made, always and at next to no cost, but for what needs debug mode.
struct loop_figures {
    std::uint64_t turns = 0;
    std::size_t ready = 0;   // callbacks that wait for their turn, now
    std::size_t timers = 0;  // deadlines that are armed, now
    std::size_t tasks = 0;   // that are not done, now
    // How late timers fired, which is how long others had to wait: [0] counts those within 1 us of their deadline, [i]
    // those within 2^i us, the last all that were later.
    std::array<std::uint64_t, 24> lag{};
    // The longest time from one look at the clock to the next, between which a turn's callbacks ran. Looked at only
    // while a timer is armed.
    std::chrono::nanoseconds longest_turn{};

    // Debug mode only: the longest of all callbacks, and what it was.
    std::chrono::nanoseconds slowest_callback{};
    std::string slowest_callback_name;
};

}  // namespace girin
