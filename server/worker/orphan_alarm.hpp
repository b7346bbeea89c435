// The end of a worker that has lost its master and does not leave by itself.
#pragma once

#include "server/supervision/channel.hpp"

#include <chrono>

namespace girin::worker {

// From now on, the master's death sets an alarm (alarm(2)) that ends the process a second after `graceful_timeout`,
// even if its loop is stuck and no watchdog looks after it any more. The kernel tells by SIGRTMIN. `master` is the
// channel to it. Throws std::system_error.
void set_orphan_alarm(const supervision::channel& master, std::chrono::milliseconds graceful_timeout);

}  // namespace girin::worker
