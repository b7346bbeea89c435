// What the master's rules ask of the world: processes, signals and the time. A test has one of its own.
#pragma once

#include "server/master/options.hpp"
#include "server/supervision/scoreboard_reader.hpp"

#include <sys/types.h>

#include <optional>
#include <vector>

namespace girin::master {

using supervision::time_point;

class worker_host {
 public:
    virtual ~worker_host() = default;

    virtual time_point now() const = 0;

    // Starts a worker process and returns its pid. Throws std::system_error.
    virtual pid_t spawn(unsigned slot, unsigned generation) = 0;

    // Sends a signal to a worker that has not been waited for.
    virtual void signal(pid_t pid, int signo) = 0;

    // When the worker's loop last turned, as its scoreboard claims; none when the scoreboard cannot be read.
    virtual std::optional<time_point> heartbeat(pid_t pid) const = 0;

    // What the worker was doing, as its scoreboard claims.
    virtual std::vector<supervision::in_flight_request> in_flight(pid_t pid) const = 0;

    // The worker is ready: it and its ready peers learn of each other.
    virtual void admit(pid_t pid) = 0;

    // The worker has been waited for: its peers learn of it, and its pid may belong to somebody else from now on.
    virtual void forget(pid_t pid) = 0;

    // Reads the settings again and gives them to the workers that are started from now on. Throws std::exception, and
    // then the old ones stay.
    virtual options reread() = 0;

    // The settings before the last `reread` are given again.
    virtual void revert() = 0;

    // The master listens no more, and starts no more workers: the sockets end with the last worker that has them, and
    // the workers are told so.
    virtual void stop_listening() = 0;
};

}  // namespace girin::master
