// The workers that the master knows, the slots that they serve in, and what can be done to one of them.
#pragma once

#include "server/master/backoff.hpp"
#include "server/master/worker_host.hpp"

#include <optional>
#include <vector>

namespace girin::master {

// booting  --ready-->    ready      it serves
// booting  --retired-->  retiring   it was told to drain (TERM) and has graceful_timeout left
// ready    --retired-->  retiring
// any      --waited for--> forgotten
enum class worker_phase { booting, ready, retiring };

struct worker {
    pid_t pid;
    unsigned generation;
    time_point started;
    worker_phase phase = worker_phase::booting;
    time_point since;                     // when the phase began
    std::optional<time_point> kill_at{};  // set when it was aborted
    bool killed = false;                  // by us
    bool reopen_when_ready = false;       // logs were reopened while it booted and had no handler yet
    bool boot_failed = false;             // it said why
    bool reported = false;                // its requests in flight stand in the log
};

// One place of the `workers` setting. A slot that nobody serves in has a time at which that changes.
struct slot {
    unsigned number;
    pid_t holder = 0;     // who serves in it, 0 while nobody does
    pid_t successor = 0;  // who boots to take it over, during a reload
    backoff pause{};
    std::optional<time_point> respawn_at{};
};

class fleet {
 public:
    fleet(worker_host& host, options settings) : settings(std::move(settings)), host(host) {}

    // nullptr for a pid that is no worker of ours, or a worker that has no slot any more.
    worker* find(pid_t pid);
    slot* slot_of(pid_t pid);

    // Starts a worker of the current generation, as the slot's holder, or as its successor. False, after an error in
    // the log, when no process can be started; then a holder is tried again later.
    bool start_holder(slot& place);
    bool start_successor(slot& place);

    // Leaves the slot empty until its back-off is over.
    void respawn_later(slot& place, std::chrono::nanoseconds life);

    // Ends every back-off: what kept dying may have been replaced.
    void forget_deaths();

    // Adds slots and starts their holders, or retires the oldest workers and removes their slots.
    void scale_to(unsigned count);

    // Told to drain, once.
    void retire(pid_t pid);
    // Its requests in flight logged, then ABRT, and a second later KILL.
    void abort(worker& victim);
    // Its requests in flight logged, then KILL.
    void kill(worker& victim);
    void report_in_flight(worker& of);

    // Takes the worker out: it has been waited for.
    worker remove(pid_t pid);

    options settings;
    worker_host& host;
    unsigned generation = 1;
    std::vector<worker> workers;
    std::vector<slot> slots;

 private:
    pid_t start(unsigned slot_number);
    void add_slot();
    void remove_oldest();
};

}  // namespace girin::master
