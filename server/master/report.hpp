// The lines that the log gets about a worker's end.
#pragma once

#include "server/supervision/scoreboard_reader.hpp"

#include <sys/types.h>

#include <string>

namespace girin::master {

// How a worker ended, from what waitpid said, in Gunicorn's words. A SIGKILL that the master did not send was probably
// the kernel's.
std::string describe_death(pid_t pid, int wait_status, bool killed_by_master);

// "Worker (pid:7) had been on this request for 5.02 s: GET /hang". The line is escaped: the worker's memory may hold
// anything.
std::string describe_in_flight(pid_t pid, const supervision::in_flight_request& request);

}  // namespace girin::master
