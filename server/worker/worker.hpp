// A worker process: one loop, one application, and the clients that it takes from the shared listeners.
#pragma once

#include "config/settings.hpp"
#include "server/supervision/worker_start.hpp"

#include <girin/application.hpp>

#include <functional>

namespace girin::worker {

using application_source = std::function<application(const config::settings&)>;

// Serves until a signal or the master's end tells it to stop, and returns the process's exit code
// (server/supervision/exit_codes.hpp). Reports over the channel when it is ready, or why it will not be.
int run(const supervision::worker_start_info& start, const application_source& source);

}  // namespace girin::worker
