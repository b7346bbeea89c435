#include "server/worker/orphan_alarm.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace girin::worker {

namespace {

std::atomic<unsigned> allowed_seconds;  // for the signal's handler, which has no other way to know
static_assert(std::atomic<unsigned>::is_always_lock_free);

void set_alarm(int) {
    ::alarm(allowed_seconds);
}

bool is_gone(const supervision::channel& master) {
    pollfd end = {master.fd(), 0, 0};
    return ::poll(&end, 1, 0) > 0 && (end.revents & POLLHUP) != 0;
}

}  // namespace

void set_orphan_alarm(const supervision::channel& master, std::chrono::milliseconds graceful_timeout) {
    allowed_seconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(graceful_timeout).count()) + 1;
    struct sigaction action = {};
    action.sa_handler = set_alarm;
    action.sa_flags = SA_RESTART;
    if (::sigaction(SIGRTMIN, &action, nullptr) < 0 || ::prctl(PR_SET_PDEATHSIG, SIGRTMIN) < 0)
        throw std::system_error(errno, std::system_category(), "cannot watch the master");
    // The kernel means the thread that forked; the master has no other. It may have died before this, but a process's
    // descriptors are closed before its children are told.
    if (is_gone(master)) set_alarm(SIGRTMIN);
}

}  // namespace girin::worker
