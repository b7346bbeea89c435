// Everybody else's side of a worker's scoreboard: believes nothing, for any bytes may stand in it.
#pragma once

#include "server/supervision/memory_file.hpp"
#include "server/supervision/scoreboard.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace girin::supervision {

struct in_flight_request {
    std::string line;                             // any bytes: escape before logging
    std::optional<std::chrono::nanoseconds> age;  // none when the start lies in the future
};

class scoreboard_reader {
 public:
    // Maps the file read-only. Throws std::system_error, or std::length_error.
    explicit scoreboard_reader(int fd);

    // Whether a worker has written a head that this version understands. The others return zeros while it is not.
    bool readable() const;

    worker_state state() const;
    time_point heartbeat() const;
    std::uint64_t connections() const;
    std::uint64_t requests() const;
    std::uint64_t accepted() const;

    // The requests that were in flight, oldest first; entries that are being written are left out.
    std::vector<in_flight_request> in_flight(time_point now) const;

 private:
    const scoreboard_layout& board() const { return *static_cast<const scoreboard_layout*>(memory_.data()); }

    mapping memory_;
};

}  // namespace girin::supervision
