// Signals as something to await.
#pragma once

#include "aio/reactor.hpp"

#include <girin/coro.hpp>

#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace girin::worker {

// Handlers note the signals; none is blocked. A signal is the process's: it would be the end of it if it reached a
// thread of the application's that does not block it, and the programs that an application starts inherit a mask, but
// no handler. One in a process at a time.
class signal_source {
 public:
    // Throws std::system_error.
    explicit signal_source(std::initializer_list<int> signals);
    signal_source(const signal_source&) = delete;
    signal_source& operator=(const signal_source&) = delete;
    // What the signals did before, they do again.
    ~signal_source();

    // Waits for the next one and returns its number. Several of the same that come together are one.
    coro<int> next();

 private:
    girin::detail::descriptor fd_;
    std::vector<std::pair<int, struct sigaction>> before_;
    std::uint64_t noted_ = 0;  // a bit for each signal that has not been returned
};

// Writing to a client that has left is an error and no more, here as with SIG_IGN, but not in programs that are
// started.
void survive_broken_pipes();

}  // namespace girin::worker
