#include "server/master/report.hpp"

#include "server/log/escape.hpp"
#include "server/supervision/signal_names.hpp"

#include <sys/wait.h>

#include <cstdio>

namespace girin::master {
namespace {

std::string named(pid_t pid) {
    return "Worker (pid:" + std::to_string(pid) + ")";
}

}  // namespace

std::string describe_death(pid_t pid, int wait_status, bool killed_by_master) {
    if (!WIFSIGNALED(wait_status))
        return named(pid) + " exited with code " + std::to_string(WEXITSTATUS(wait_status)) + ".";
    const int signo = WTERMSIG(wait_status);
    const bool by_the_kernel = signo == SIGKILL && !killed_by_master;
    return named(pid) + " was sent " + supervision::signal_name(signo) + "!" +
           (by_the_kernel ? " Perhaps out of memory?" : "");
}

std::string describe_in_flight(pid_t pid, const supervision::in_flight_request& request) {
    char age[32] = "an unknown time";
    if (request.age) std::snprintf(age, sizeof age, "%.2f s", std::chrono::duration<double>(*request.age).count());
    return named(pid) + " had been on this request for " + age + ": " + log::escaped(request.line);
}

}  // namespace girin::master
