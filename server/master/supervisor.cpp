#include "server/master/supervisor.hpp"

#include "server/log/escape.hpp"
#include "server/log/log.hpp"
#include "server/master/report.hpp"
#include "server/supervision/exit_codes.hpp"
#include "server/supervision/signal_names.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <exception>

namespace girin::master {

using namespace std::chrono_literals;

namespace {

constexpr auto longest_pause = 1s;  // between two looks at the heartbeats
constexpr auto standstill = 5s;     // between two looks: then it was the master that did not run

}  // namespace

supervisor::supervisor(worker_host& host, options settings)
    : fleet_(host, std::move(settings)), reload_(fleet_), shutdown_(fleet_) {}

void supervisor::start() {
    last_tick_ = watched_since_ = fleet_.host.now();
    fleet_.scale_to(fleet_.settings.workers);
    const bool all_started =
        std::all_of(fleet_.slots.begin(), fleet_.slots.end(), [](const slot& place) { return place.holder != 0; });
    if (!all_started) shutdown_.gracefully(supervision::exit_boot_failed, "Worker failed to boot.");
}

void supervisor::ready(pid_t pid) {
    worker* booted = fleet_.find(pid);
    if (booted == nullptr || booted->phase != worker_phase::booting) return;
    booted->phase = worker_phase::ready;
    booted->since = fleet_.host.now();
    fleet_.host.admit(pid);
    if (booted->reopen_when_ready) fleet_.host.signal(pid, SIGUSR1);

    slot* place = fleet_.slot_of(pid);
    if (place != nullptr && place->successor == pid) reload_.succeed(*place);
    go_on();
}

void supervisor::go_on() {
    if (first_boot_)
        first_boot_ = std::any_of(fleet_.workers.begin(), fleet_.workers.end(),
                                  [](const worker& w) { return w.phase == worker_phase::booting; });
    if (!first_boot_ && shutdown_.running()) reload_.step();
}

void supervisor::boot_failed(pid_t pid, std::string_view why) {
    worker* failed = fleet_.find(pid);
    if (failed == nullptr || failed->phase != worker_phase::booting || std::exchange(failed->boot_failed, true)) return;
    log::error("Worker (pid:" + std::to_string(pid) + ") cannot boot: " + log::escaped(why));
}

void supervisor::died(pid_t pid, int wait_status) {
    if (fleet_.find(pid) == nullptr) return;
    report_death(*fleet_.find(pid), wait_status);
    slot* place = fleet_.slot_of(pid);
    const worker gone = fleet_.remove(pid);
    fleet_.host.forget(pid);
    if (!shutdown_.running() || place == nullptr) return;

    if (first_boot_ && gone.phase == worker_phase::booting) {
        const bool not_loaded = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == supervision::exit_app_not_loaded;
        if (not_loaded)
            shutdown_.gracefully(supervision::exit_app_not_loaded, "App failed to load.");
        else
            shutdown_.gracefully(supervision::exit_boot_failed, "Worker failed to boot.");
        return;
    }
    refill(*place, gone);
    go_on();
}

void supervisor::refill(slot& place, const worker& gone) {
    if (place.successor == gone.pid) {
        reload_.fail(place);
    } else if (place.successor != 0) {
        place.holder = std::exchange(place.successor, 0);
    } else {
        fleet_.respawn_later(place, fleet_.host.now() - gone.started);
    }
}

void supervisor::report_death(worker& gone, int wait_status) {
    const std::string line = describe_death(gone.pid, wait_status, gone.killed);
    const bool expected = gone.phase == worker_phase::retiring || !shutdown_.running();
    const bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    log::level severity = clean || expected ? log::level::info : log::level::error;
    if (clean && expected) severity = log::level::debug;  // the worker has said so itself
    log::write(severity, line);
    if (!expected) fleet_.report_in_flight(gone);
}

void supervisor::handle(int signo) {
    log::info("Handling signal: " + supervision::short_signal_name(signo));
    switch (signo) {
        case SIGTERM:
            shutdown_.gracefully();
            break;
        case SIGINT:
        case SIGQUIT:
            shutdown_.quickly();
            break;
        case SIGUSR1:
            reopen_logs();
            break;
        case SIGHUP:
            reload_.request();
            go_on();
            break;
        case SIGTTIN:
            scale(+1);
            break;
        case SIGTTOU:
            scale(-1);
            break;
        default:
            log::warning(supervision::signal_name(signo) + " ignored");
            break;
    }
}

void supervisor::scale(int by) {
    if (!shutdown_.running() || (by < 0 && fleet_.slots.size() == 1)) return;
    fleet_.scale_to(static_cast<unsigned>(static_cast<int>(fleet_.slots.size()) + by));
    go_on();
}

void supervisor::reopen_logs() {
    try {
        log::reopen();
    } catch (const std::exception& error) {
        log::error(error.what());
    }
    for (worker& w : fleet_.workers) {
        if (w.phase == worker_phase::booting)
            w.reopen_when_ready = true;
        else
            fleet_.host.signal(w.pid, SIGUSR1);
    }
}

void supervisor::tick() {
    const time_point now = fleet_.host.now();
    if (now - last_tick_ > standstill) watched_since_ = now;
    last_tick_ = now;
    if (!shutdown_.running()) return shutdown_.tick();
    for (slot& place : fleet_.slots)
        if (place.respawn_at && now >= *place.respawn_at) fleet_.start_holder(place);
    for (worker& w : fleet_.workers)
        if (const sentence due = sentence_of(w, now); now >= due.at) execute(due, w);
}

time_point supervisor::next_tick() const {
    if (!shutdown_.running()) return shutdown_.deadline();
    const time_point now = fleet_.host.now();
    time_point next = now + longest_pause;
    for (const slot& place : fleet_.slots)
        if (place.respawn_at) next = std::min(next, *place.respawn_at);
    for (const worker& w : fleet_.workers) next = std::min(next, sentence_of(w, now).at);
    return next;
}

sentence supervisor::sentence_of(const worker& of, time_point now) const {
    return judge(of, fleet_.settings, fleet_.host.heartbeat(of.pid), watched_since_, now);
}

void supervisor::execute(const sentence& due, worker& on) {
    const std::string pid = "(pid:" + std::to_string(on.pid) + ")";
    if (due.what == sentence::action::abort) {
        log::critical("WORKER TIMEOUT " + pid + (on.phase == worker_phase::booting ? " while booting" : ""));
        return fleet_.abort(on);
    }
    if (!on.kill_at) log::error("Worker " + pid + " did not drain in time and is killed");
    fleet_.kill(on);
}

}  // namespace girin::master
