// The master's rules: what follows when a worker gets ready or dies, when a signal arrives, when time passes. It
// touches no process itself; `worker_host` does.
//
// First boot: until every slot's first worker is ready, a worker that dies while booting ends the master. Later, a dead
// worker is replaced after a pause (backoff.hpp).
#pragma once

#include "server/master/fleet.hpp"
#include "server/master/reload.hpp"
#include "server/master/shutdown.hpp"
#include "server/master/watchdog.hpp"

#include <string>
#include <string_view>

namespace girin::master {

class supervisor {
 public:
    supervisor(worker_host& host, options settings);

    // Starts all workers.
    void start();

    // What workers say and what becomes of them. Pids that are no workers are ignored.
    void ready(pid_t pid);
    void boot_failed(pid_t pid, std::string_view why);
    void died(pid_t pid, int wait_status);

    // TERM, INT, QUIT, HUP, TTIN, TTOU, USR1.
    void handle(int signo);

    // Does what is due by now; `next_tick` says when to call it again at the latest.
    void tick();
    time_point next_tick() const;

    // True when the master may leave; then `ending` knows the exit code and the reason.
    bool over() const { return shutdown_.over(); }
    const shutdown& ending() const { return shutdown_; }

 private:
    void scale(int by);
    void reopen_logs();
    void go_on();
    sentence sentence_of(const worker& of, time_point now) const;
    void execute(const sentence& due, worker& on);
    void report_death(worker& gone, int wait_status);
    void refill(slot& place, const worker& gone);

    fleet fleet_;
    reload reload_;
    shutdown shutdown_;
    bool first_boot_ = true;
    time_point last_tick_;
    time_point watched_since_;
};

}  // namespace girin::master
