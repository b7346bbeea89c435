// A world for the master's rules without processes: time moves by hand, and what was asked for is written down.
#pragma once

#include "server/master/worker_host.hpp"
#include "tests/support/log_capture.hpp"

#include <signal.h>

#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

class fake_host final : public girin::master::worker_host {
 public:
    using time_point = girin::master::time_point;

    time_point now() const override { return time; }

    pid_t spawn(unsigned slot, unsigned generation) override {
        if (no_processes) throw std::system_error(EAGAIN, std::generic_category(), "fork");
        started.push_back({next_pid, slot, generation});
        heartbeats[next_pid] = time_point();
        return next_pid++;
    }

    void signal(pid_t pid, int signo) override {
        signals.push_back({pid, signo});
        if (log && signo == SIGABRT) log_at_abort = log->text();
    }
    std::optional<time_point> heartbeat(pid_t pid) const override { return heartbeats.at(pid); }
    std::vector<girin::supervision::in_flight_request> in_flight(pid_t) const override {
        return {{"GET /slow", std::chrono::seconds(2)}};
    }
    void admit(pid_t pid) override { admitted.push_back(pid); }
    void forget(pid_t pid) override { heartbeats.erase(pid); }

    girin::master::options reread() override {
        ++readings;
        if (!fresh) throw std::runtime_error("workers must be a number");
        return *fresh;
    }
    void revert() override { ++reverted; }
    void stop_listening() override { listens = false; }

    // The signals since the last call.
    std::vector<std::pair<pid_t, int>> take_signals() { return std::exchange(signals, {}); }

    struct start {
        pid_t pid;
        unsigned slot;
        unsigned generation;
    };
    time_point time = time_point(std::chrono::seconds(1000));
    std::vector<start> started;
    std::vector<std::pair<pid_t, int>> signals;
    const log_capture* log = nullptr;
    std::string log_at_abort;
    std::map<pid_t, std::optional<time_point>> heartbeats;
    std::vector<pid_t> admitted;
    std::optional<girin::master::options> fresh = girin::master::options{};
    int readings = 0;
    int reverted = 0;
    bool listens = true;
    bool no_processes = false;
    pid_t next_pid = 101;
};
