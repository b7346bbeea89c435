#include "server/master/shutdown.hpp"

#include "server/log/log.hpp"

#include <signal.h>

namespace girin::master {

using namespace std::chrono_literals;

void shutdown::gracefully(int exit_code, std::string reason) {
    if (!running()) return;
    exit_code_ = exit_code;
    reason_ = std::move(reason);
    enter(phase::graceful, fleet_.settings.graceful_timeout);
    fleet_.host.stop_listening();
    for (worker& w : fleet_.workers) fleet_.retire(w.pid);
}

void shutdown::quickly() {
    if (phase_ == phase::quick || phase_ == phase::killed) return;
    if (phase_ == phase::graceful) log::info("Quick shutdown requested");
    enter(phase::quick, 2s);
    fleet_.host.stop_listening();
    // Not QUIT: a worker that boots has no handler for it yet, and would leave a core.
    for (const worker& w : fleet_.workers) fleet_.host.signal(w.pid, SIGINT);
}

void shutdown::tick() {
    if (running() || fleet_.host.now() < deadline_) return;
    if (phase_ == phase::killed) return;
    enter(phase::killed, 1s);
    for (worker& w : fleet_.workers) {
        log::error("Worker (pid:" + std::to_string(w.pid) + ") did not leave in time and is killed");
        fleet_.kill(w);
    }
}

bool shutdown::over() const {
    if (running()) return false;
    return fleet_.workers.empty() || (phase_ == phase::killed && fleet_.host.now() >= deadline_);
}

void shutdown::enter(phase next, std::chrono::milliseconds limit) {
    phase_ = next;
    deadline_ = fleet_.host.now() + limit;
}

}  // namespace girin::master
