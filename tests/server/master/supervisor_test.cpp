#include "server/master/supervisor.hpp"

#include "tests/server/master/fake_host.hpp"
#include "tests/support/log_capture.hpp"

#include <doctest/doctest.h>

#include <signal.h>

using namespace girin::master;
using namespace std::chrono_literals;
using sent = std::vector<std::pair<pid_t, int>>;

namespace {

constexpr int killed = SIGKILL;  // wait statuses
constexpr int aborted = SIGABRT;
constexpr int exited(int code) {
    return code << 8;
}

struct world {
    explicit world(options settings) : rules(host, settings) {
        host.log = &log;
        rules.start();
    }

    void boot_all() {
        for (const auto& each : host.started) rules.ready(each.pid);
    }

    // Moves the time in the steps that the rules ask for.
    void pass(std::chrono::nanoseconds time) {
        const time_point end = host.time + time;
        while (host.time < end) {
            host.time = std::min(end, std::max(host.time + 1ms, rules.next_tick()));
            if (beating)
                for (auto& [pid, heartbeat] : host.heartbeats) heartbeat = host.time;
            rules.tick();
        }
    }

    log_capture log;
    fake_host host;
    bool beating = true;
    supervisor rules;
};

}  // namespace

TEST_CASE("the master starts as many workers as asked for, each in its slot") {
    world world({.workers = 3});
    REQUIRE(world.host.started.size() == 3);
    for (unsigned slot = 0; slot < 3; ++slot) {
        CHECK(world.host.started[slot].slot == slot);
        CHECK(world.host.started[slot].generation == 1);
    }
    world.boot_all();
    CHECK(world.host.admitted == std::vector<pid_t>{101, 102, 103});
}

TEST_CASE("a dead worker is replaced at once, the second early one after a second, and each step is logged once") {
    world world({.workers = 1});
    world.boot_all();
    std::size_t starts = 1;
    for (const auto pause : {0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}) {
        world.rules.ready(world.host.started.back().pid);
        world.rules.died(world.host.started.back().pid, killed);
        if (pause > 0s) {
            world.pass(pause - 10ms);
            CHECK(world.host.started.size() == starts);
        }
        world.pass(10ms);
        CHECK(world.host.started.size() == ++starts);
    }
    CHECK(world.log.count("keep dying; the next one starts in") == 6);
    CHECK(world.log.count("starts in 30 s") == 1);
}

TEST_CASE("the pause belongs to the slot") {
    world world({.workers = 2});
    world.boot_all();
    world.rules.died(101, killed);
    world.rules.died(102, killed);
    world.pass(1ms);
    CHECK(world.host.started.size() == 4);
    CHECK(world.host.started[2].slot == 0);
    CHECK(world.host.started[3].slot == 1);
}

TEST_CASE("a worker that lived for a minute is replaced at once again") {
    world world({.workers = 1});
    world.boot_all();
    world.rules.died(101, killed);
    world.pass(1ms);
    world.rules.ready(102);
    world.rules.died(102, killed);
    world.pass(1s);
    world.rules.ready(103);
    world.pass(60s);
    world.rules.died(103, killed);
    world.pass(1ms);
    CHECK(world.host.started.size() == 4);
}

TEST_CASE("a worker that fails to boot at first boot ends the master with its kind of failure") {
    world world({.workers = 2});
    int status = 0, code = 0;
    std::string reason;
    SUBCASE("start-up") {
        status = exited(3), code = 3, reason = "Worker failed to boot.";
    }
    SUBCASE("application") {
        status = exited(4), code = 4, reason = "App failed to load.";
    }
    SUBCASE("crash") {
        status = SIGSEGV, code = 3, reason = "Worker failed to boot.";
    }
    SUBCASE("leaving") {
        status = exited(0), code = 3, reason = "Worker failed to boot.";
    }
    world.rules.ready(102);
    world.rules.died(101, status);
    CHECK(world.host.take_signals() == sent{{102, SIGTERM}});
    CHECK_FALSE(world.rules.over());
    world.rules.died(102, exited(0));
    CHECK(world.rules.over());
    CHECK(world.rules.ending().exit_code() == code);
    CHECK(world.rules.ending().reason() == reason);
}

TEST_CASE("after the first boot a worker that fails to boot is retried with growing pauses") {
    world world({.workers = 1});
    world.boot_all();
    world.rules.died(101, killed);
    world.pass(1ms);
    for (int i = 0; i < 3; ++i) world.rules.boot_failed(102, "no database\n");
    world.rules.died(102, exited(3));
    CHECK_FALSE(world.rules.over());
    world.pass(1s);
    CHECK(world.host.started.size() == 3);
    CHECK(world.log.count("Worker (pid:102) cannot boot: no database\\x0a") == 1);
}

TEST_CASE("when no process can be started, the first boot fails, and a later one is tried again") {
    log_capture log;
    fake_host host;
    SUBCASE("first boot") {
        host.no_processes = true;
        supervisor rules(host, {.workers = 1});
        rules.start();
        CHECK(rules.over());
        CHECK(rules.ending().exit_code() == 3);
    }
    SUBCASE("later") {
        world world({.workers = 1});
        world.boot_all();
        world.host.no_processes = true;
        world.rules.died(101, killed);
        world.pass(2s);
        world.host.no_processes = false;
        world.pass(10s);
        CHECK(world.host.started.size() == 2);
        CHECK(world.log.count("Cannot start a worker: fork: Resource temporarily unavailable") > 1);
    }
}

TEST_CASE("a ready worker whose loop is silent for timeout is reported and aborted, then killed, then replaced") {
    world world({.workers = 1, .timeout = 5s});
    world.boot_all();
    world.beating = false;
    world.pass(4900ms);
    CHECK(world.host.take_signals().empty());
    world.pass(100ms);
    CHECK(world.host.take_signals() == sent{{101, SIGABRT}});
    CHECK(world.log.count("[CRITICAL] WORKER TIMEOUT (pid:101)\n") == 1);
    CHECK(world.log.count("Worker (pid:101) had been on this request for 2.00 s: GET /slow\n") == 1);
    CHECK(world.host.log_at_abort.find("had been on this request") != std::string::npos);
    world.pass(999ms);
    CHECK(world.host.take_signals().empty());
    world.pass(10s);
    CHECK(world.host.take_signals() == sent{{101, SIGKILL}});
    world.rules.died(101, killed);
    CHECK(world.log.count("Worker (pid:101) was sent SIGKILL!\n") == 1);
    CHECK(world.log.count("had been on") == 1);
    world.pass(1ms);
    CHECK(world.host.started.size() == 2);
}

TEST_CASE("a worker whose loop turns is left alone for as long as it likes") {
    world world({.workers = 2, .timeout = 5s});
    world.boot_all();
    world.pass(600s);
    CHECK(world.host.take_signals().empty());
}

TEST_CASE("a master that was stopped itself gives its workers the whole timeout again") {
    world world({.workers = 1, .timeout = 10s});
    world.boot_all();
    world.beating = false;
    world.host.time += 100s;
    world.rules.tick();
    CHECK(world.host.take_signals().empty());
    world.pass(9900ms);
    CHECK(world.host.take_signals().empty());
    world.pass(100ms);
    CHECK(world.host.take_signals() == sent{{101, SIGABRT}});
}

TEST_CASE("a worker that is not ready by boot_timeout is aborted and fails the first boot") {
    world world({.workers = 1, .timeout = 1s, .boot_timeout = 9s});
    world.pass(8900ms);
    CHECK(world.host.take_signals().empty());
    world.pass(100ms);
    CHECK(world.host.take_signals() == sent{{101, SIGABRT}});
    world.rules.died(101, aborted);
    CHECK(world.rules.over());
    CHECK(world.rules.ending().exit_code() == 3);
}

TEST_CASE("a master that stops, however it does, listens no more") {
    for (const int signo : {SIGTERM, SIGINT, SIGQUIT}) {
        world world({.workers = 2});
        world.boot_all();
        CHECK(world.host.listens);
        world.rules.handle(signo);
        CHECK_FALSE(world.host.listens);
    }
}

TEST_CASE("TERM drains, and kills who is left after graceful_timeout") {
    world world({.workers = 2, .graceful_timeout = 30s});
    world.boot_all();
    world.rules.handle(SIGTERM);
    CHECK(world.host.take_signals() == sent{{101, SIGTERM}, {102, SIGTERM}});
    world.rules.died(101, exited(0));
    world.pass(29900ms);
    CHECK(world.host.take_signals().empty());
    world.pass(100ms);
    CHECK(world.host.take_signals() == sent{{102, SIGKILL}});
    world.rules.died(102, killed);
    CHECK(world.rules.over());
    CHECK(world.rules.ending().exit_code() == 0);
    CHECK(world.host.started.size() == 2);
}

TEST_CASE("INT and QUIT give the workers two seconds") {
    for (const int signo : {SIGINT, SIGQUIT}) {
        world world({.workers = 1});
        world.boot_all();
        world.rules.handle(signo);
        CHECK(world.host.take_signals() == sent{{101, SIGINT}});
        world.pass(1990ms);
        CHECK(world.host.take_signals().empty());
        world.pass(10ms);
        CHECK(world.host.take_signals() == sent{{101, SIGKILL}});
    }
}

TEST_CASE("INT during a graceful stop makes it quick, TERM during a quick one changes nothing") {
    world world({.workers = 1});
    world.boot_all();
    world.rules.handle(SIGTERM);
    world.host.take_signals();
    world.rules.handle(SIGINT);
    CHECK(world.host.take_signals() == sent{{101, SIGINT}});
    CHECK(world.log.count("[INFO] Quick shutdown requested\n") == 1);
    world.rules.handle(SIGTERM);
    world.rules.handle(SIGINT);
    CHECK(world.host.take_signals().empty());
    world.pass(2s);
    CHECK(world.host.take_signals() == sent{{101, SIGKILL}});
}

TEST_CASE("a process that even KILL does not end keeps the master for one second more") {
    world world({.workers = 1});
    world.boot_all();
    world.rules.handle(SIGQUIT);
    world.pass(2990ms);
    CHECK_FALSE(world.rules.over());
    world.pass(10ms);
    CHECK(world.rules.over());
}

TEST_CASE("a worker that dies while the master stops is not replaced, and HUP, TTIN and TTOU come too late") {
    world world({.workers = 2});
    world.boot_all();
    world.rules.handle(SIGTERM);
    world.host.take_signals();
    world.rules.died(101, killed);
    for (const int signo : {SIGHUP, SIGTTIN, SIGTTOU}) world.rules.handle(signo);
    world.pass(5s);
    CHECK(world.host.started.size() == 2);
    CHECK(world.host.readings == 0);
    CHECK(world.host.take_signals().empty());
}

TEST_CASE("TTIN adds a worker in the lowest free slot") {
    world world({.workers = 2});
    world.boot_all();
    world.rules.handle(SIGTTIN);
    REQUIRE(world.host.started.size() == 3);
    CHECK(world.host.started[2].slot == 2);
}

TEST_CASE("TTOU retires the oldest worker, which is not replaced, but never the last") {
    world world({.workers = 1});
    world.boot_all();
    world.pass(1s);
    world.rules.handle(SIGTTIN);
    world.rules.ready(102);
    world.rules.handle(SIGTTOU);
    CHECK(world.host.take_signals() == sent{{101, SIGTERM}});
    world.rules.died(101, exited(0));
    world.rules.handle(SIGTTOU);
    world.pass(5s);
    CHECK(world.host.take_signals().empty());
    CHECK(world.host.started.size() == 2);
    world.rules.handle(SIGTTIN);
    CHECK(world.host.started.back().slot == 0);
}

TEST_CASE("a retired worker that does not leave is killed after graceful_timeout") {
    world world({.workers = 2, .graceful_timeout = 3s});
    world.boot_all();
    world.rules.handle(SIGTTOU);
    world.host.take_signals();
    world.pass(3s);
    CHECK(world.host.take_signals() == sent{{101, SIGKILL}});
    CHECK(world.log.count("Worker (pid:101) did not drain in time and is killed") == 1);
    world.rules.died(101, killed);
    CHECK(world.host.started.size() == 2);
}

TEST_CASE("USR1 goes to the workers, to a booting one only when it is ready to handle it") {
    world world({.workers = 2});
    world.rules.ready(101);
    world.rules.handle(SIGUSR1);
    CHECK(world.host.take_signals() == sent{{101, SIGUSR1}});
    world.rules.ready(102);
    CHECK(world.host.take_signals() == sent{{102, SIGUSR1}});
}

TEST_CASE("pids that are no workers, and what a worker says out of turn, are ignored") {
    world world({.workers = 1});
    world.rules.ready(999);
    world.rules.boot_failed(999, "x");
    world.rules.died(999, killed);
    world.boot_all();
    world.rules.ready(101);
    CHECK(world.host.admitted == std::vector<pid_t>{101});
    CHECK_FALSE(world.rules.over());
    CHECK(world.host.started.size() == 1);
}

TEST_CASE("a worker that was told to leave and did is no news") {
    world world({.workers = 2});
    world.boot_all();
    world.rules.handle(SIGTTOU);
    world.rules.died(101, exited(0));
    CHECK(world.log.count("pid:101") == 0);
    world.rules.handle(SIGTERM);
    world.rules.died(102, exited(7));
    CHECK(world.log.count("[INFO] Worker (pid:102) exited with code 7.") == 1);
}

TEST_CASE("a worker that exits by itself is replaced and only mentioned") {
    world world({.workers = 1});
    world.boot_all();
    world.rules.died(101, exited(0));
    world.pass(1ms);
    CHECK(world.host.started.size() == 2);
    CHECK(world.log.count("[INFO] Worker (pid:101) exited with code 0.") == 1);
}
