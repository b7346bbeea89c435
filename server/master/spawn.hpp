// Starts one worker process: fork and exec of the program, with only what is handed over.
#pragma once

#include "server/supervision/worker_start.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace girin::master {

// Starts `program` with `argv` and returns the process's pid. It gets: an environment with GIRIN_WORKER for `handed`;
// the descriptors named there and no other but 1 and 2, with /dev/null as 0; an empty signal mask, default dispositions
// but for SIGPIPE, which is ignored; a process group of its own. A program that cannot be executed says `boot_failed`
// on the handed channel and exits with 3. Throws std::system_error when there can be no new process.
pid_t spawn(const std::string& program, const std::vector<std::string>& argv,
            const supervision::worker_start_info& handed);

}  // namespace girin::master
