// The master: one thread that opens the listeners, starts the workers and looks after them until it is told to stop.
#pragma once

#include "server/master/options.hpp"

#include <string>
#include <vector>

namespace girin::master {

// Supervises until a signal ends it, and returns the exit code (server/supervision/exit_codes.hpp). The log is open
// already. Workers are this very program, started with `argv` and the variable GIRIN_WORKER
// (server/supervision/worker_start.hpp). Each HUP asks `source` for new settings; without one, it is `initial` again.
// To be called while the process has one thread.
int run(const configuration& initial, const std::vector<std::string>& argv, configuration_source source = {});

}  // namespace girin::master
