// What the master hands to a worker when it starts it, and how the worker finds it: one environment variable that names
// the inherited descriptors.
//
// What the master expects of a worker: it fills in its scoreboard (scoreboard_writer.hpp), says `ready` on the channel
// when it accepts, or `boot_failed` before it exits with that code, and beats every `heartbeat_interval`. On TERM it
// accepts no more, finishes, and exits with 0; after `last_call` it also serves who waits in the listeners' backlog; on
// INT it exits at once; on USR1 it reopens its logs; the channel's end of file (the master is gone) is like `last_call`
// and TERM. Until it is ready it gets only TERM, INT, ABRT or KILL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace girin::supervision {

inline constexpr const char* worker_variable = "GIRIN_WORKER";

struct worker_start_info {
    std::vector<int> listeners;  // listening sockets, non-blocking, in the order of the bind setting
    int settings = -1;           // a sealed memory file: the bytes that were given to the master
    int scoreboard = -1;         // a memory file for this worker's scoreboard
    int channel = -1;            // this worker's end of the channel
    unsigned slot = 0;           // the place among the workers, from 0; its successor gets the same
    unsigned generation = 0;     // grows with every reload

    bool operator==(const worker_start_info&) const = default;
};

// "listeners=3,4 settings=5 scoreboard=6 channel=7 slot=2 generation=1", and back. `decode_worker_start` throws
// std::invalid_argument that says what is wrong; words that it does not know are skipped.
std::string encode_worker_start(const worker_start_info& info);
worker_start_info decode_worker_start(std::string_view text);

// Takes the hand-over out of this process's environment; nothing when this process is not a worker. The descriptors are
// made close-on-exec again, so that the application's own children inherit none. Throws std::invalid_argument for a
// value that a master cannot have written, or that names a descriptor that is not open. To be called before other
// threads run.
std::optional<worker_start_info> take_worker_start();

}  // namespace girin::supervision
