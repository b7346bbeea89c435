// The signals that the master acts on, as a descriptor to poll.
#pragma once

#include "aio/unique_fd.hpp"

#include <signal.h>

#include <optional>

namespace girin::master {

class signal_source {
 public:
    // Blocks the master's signals in this thread, so that they wait for `next`; SIGPIPE is ignored. Throws
    // std::system_error.
    signal_source();
    signal_source(const signal_source&) = delete;
    signal_source& operator=(const signal_source&) = delete;

    // Lets the signals through again; those still waiting are dropped, for they were meant for the master that ended.
    ~signal_source();

    int fd() const { return fd_.get(); }

    // The next signal that has arrived.
    std::optional<int> next();

 private:
    sigset_t before_{};
    unique_fd fd_;
};

}  // namespace girin::master
