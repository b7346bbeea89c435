// A worker's side of its scoreboard.
#pragma once

#include "server/supervision/memory_file.hpp"
#include "server/supervision/scoreboard.hpp"

#include <cstdint>
#include <string_view>

namespace girin::supervision {

// One thread writes; a call costs a handful of stores.
class scoreboard_writer {
 public:
    // Maps the inherited file, which it needs no longer then, and fills in the head. Throws std::system_error, or
    // std::length_error when an older master made it too small.
    scoreboard_writer(int fd, std::uint32_t slot, std::uint32_t generation);

    void set_state(worker_state state);
    // While the worker is ready: whether it takes more clients.
    void set_full(bool full);
    void beat(time_point now);

    void connection_opened();
    void connection_closed();
    std::uint64_t connections() const;

    // Publishes a request's line ("METHOD target"), cut at 128 bytes, and counts the request. Returns the entry for
    // `request_ended`, or -1 when all 64 are taken; then the request is only counted.
    int request_began(std::string_view line, time_point now);
    void request_ended(int entry);

 private:
    int claim_entry();

    mapping memory_;
    scoreboard_layout& board_;
    std::uint64_t taken_ = 0;  // a bit for each entry in use
};

}  // namespace girin::supervision
