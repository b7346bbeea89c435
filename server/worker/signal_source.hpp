// Signals as something to await (signalfd): they never interrupt anything.
#pragma once

#include "aio/reactor.hpp"

#include <girin/coro.hpp>

#include <initializer_list>

namespace girin::worker {

class signal_source {
 public:
    // Blocks the signals in this thread and those it starts later. Throws std::system_error.
    explicit signal_source(std::initializer_list<int> signals);

    // Waits for the next one and returns its number.
    coro<int> next();

 private:
    girin::detail::descriptor fd_;
};

}  // namespace girin::worker
