#include "server/master/reload.hpp"

#include "server/master/supervisor.hpp"
#include "tests/server/master/fake_host.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <signal.h>

using namespace girin::master;
using namespace std::chrono_literals;
using sent = std::vector<std::pair<pid_t, int>>;

namespace {

constexpr int failed = 3 << 8;  // wait statuses
constexpr int left = 0;

// Three workers, 101 to 103, that are ready.
struct world {
    world() {
        host.fresh = options{.workers = 3};
        rules.start();
        for (const pid_t pid : {101, 102, 103}) rules.ready(pid);
    }

    pid_t newest() const { return host.started.back().pid; }

    log_capture log;
    fake_host host;
    supervisor rules{host, {.workers = 3}};
};

}  // namespace

TEST_CASE("each old worker is told to drain only when its successor in the slot is ready") {
    world world;
    world.rules.handle(SIGHUP);
    for (unsigned slot = 0; slot < 3; ++slot) {
        REQUIRE(world.host.started.size() == 4 + slot);
        CHECK(world.host.started.back().slot == slot);
        CHECK(world.host.started.back().generation == 2);
        CHECK(world.host.take_signals().empty());
        world.rules.ready(world.newest());
        CHECK(world.host.take_signals() == sent{{101 + static_cast<pid_t>(slot), SIGTERM}});
    }
    CHECK(world.host.started.size() == 6);
    CHECK(world.log.count("Reload complete: generation 2 serves") == 1);
    for (const pid_t pid : {101, 102, 103}) world.rules.died(pid, left);
    world.host.time += 60s;
    world.rules.tick();
    CHECK(world.host.started.size() == 6);
}

TEST_CASE("when the first successor fails, the old generation stays with its old settings") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.died(world.newest(), failed);
    CHECK(world.log.count("[ERROR] Reload failed: a worker of generation 2 did not boot") == 1);
    CHECK(world.host.reverted == 1);
    CHECK(world.host.take_signals().empty());
    CHECK(world.host.started.size() == 4);
}

TEST_CASE("when a later successor fails, the rest of the old generation stays") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.ready(world.newest());
    world.rules.died(world.newest(), failed);
    CHECK(world.host.take_signals() == sent{{101, SIGTERM}});
    CHECK(world.host.reverted == 0);
    CHECK(world.host.started.size() == 5);
}

TEST_CASE("a reload after a failed one replaces every worker that is left of older generations") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.ready(world.newest());
    world.rules.died(world.newest(), failed);
    world.host.take_signals();
    world.rules.handle(SIGHUP);
    for (int i = 0; i < 3; ++i) world.rules.ready(world.newest());
    CHECK(world.host.take_signals() == sent{{104, SIGTERM}, {102, SIGTERM}, {103, SIGTERM}});
    CHECK(world.host.started.back().generation == 3);
}

TEST_CASE("HUPs during a reload are one more reload after it, with settings read anew") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.handle(SIGHUP);
    world.rules.handle(SIGHUP);
    CHECK(world.host.readings == 1);
    for (int i = 0; i < 3; ++i) world.rules.ready(world.newest());
    CHECK(world.host.readings == 2);
    CHECK(world.host.started.back().generation == 3);
    for (int i = 0; i < 3; ++i) world.rules.ready(world.newest());
    CHECK(world.host.readings == 2);
    CHECK(world.host.started.size() == 9);
}

TEST_CASE("a HUP during a reload that then fails is carried out") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.handle(SIGHUP);
    world.rules.died(world.newest(), failed);
    CHECK(world.host.readings == 2);
    CHECK(world.host.started.size() == 5);
}

TEST_CASE("settings that are wrong refuse the reload") {
    world world;
    world.host.fresh.reset();
    world.rules.handle(SIGHUP);
    CHECK(world.log.count("[ERROR] Reload refused, the old settings stay: workers must be a number\n") == 1);
    CHECK(world.host.started.size() == 3);
    CHECK(world.host.reverted == 0);
}

TEST_CASE("the master logs where the new settings say, and again where the old ones say when the reload fails") {
    const log_capture restored;
    const scratch_folder folder;
    const std::string before = folder.path("before");
    const std::string after = folder.path("after");
    girin::log::open(before, girin::log::level::info);
    fake_host host;
    host.fresh = options{.errorlog = after, .loglevel = girin::log::level::error};
    supervisor rules(host, {.errorlog = before});
    rules.start();
    rules.ready(101);

    rules.handle(SIGHUP);
    girin::log::error("the successor complains");
    rules.died(102, failed);
    CHECK(read_file(before).find("The log goes on in " + after) != std::string::npos);
    CHECK(read_file(before).find("Reload failed") != std::string::npos);
    CHECK(read_file(after).find("the successor complains\n") != std::string::npos);
    CHECK(read_file(after).find("Reload failed") == std::string::npos);

    rules.handle(SIGHUP);
    rules.ready(103);
    girin::log::error("at the end");
    CHECK(read_file(after).ends_with("at the end\n"));
    CHECK(read_file(after).find("INFO") == std::string::npos);
}

TEST_CASE("a log that cannot be opened refuses the reload, and the old one goes on") {
    world world;
    const scratch_folder folder;
    world.host.fresh->errorlog = folder.path("missing/log");
    world.rules.handle(SIGHUP);
    CHECK(world.log.count("[ERROR] Reload refused, the old settings stay: cannot open the log file " +
                          folder.path("missing/log") + ": No such file or directory\n") == 1);
    CHECK(world.log.count("The log goes on") == 0);
    CHECK(world.host.reverted == 1);
    CHECK(world.host.started.size() == 3);
}

TEST_CASE("a change of bind is not carried out, and the log says so") {
    world world;
    world.rules.handle(SIGHUP);
    CHECK(world.log.count("WARNING") == 0);
    world.host.fresh->bind = {{"127.0.0.1", 9, {}}};
    world.rules.handle(SIGHUP);
    for (int i = 0; i < 3; ++i) world.rules.ready(world.newest());
    CHECK(world.log.count("[WARNING] Reload goes on listening on the old addresses") == 1);
}

TEST_CASE("a HUP during the first boot waits until all are ready") {
    log_capture log;
    fake_host host;
    supervisor rules(host, {.workers = 2});
    rules.start();
    rules.ready(101);
    rules.handle(SIGHUP);
    CHECK(host.readings == 0);
    rules.ready(102);
    CHECK(host.readings == 1);
}

TEST_CASE("the number of workers follows the settings when the roll is over") {
    world world;
    SUBCASE("more") {
        world.host.fresh->workers = 5;
        world.rules.handle(SIGHUP);
        for (int i = 0; i < 3; ++i) world.rules.ready(world.newest());
        CHECK(world.host.started.size() == 8);
        CHECK(world.host.started.back().generation == 2);
    }
    SUBCASE("fewer") {
        world.host.fresh->workers = 1;
        world.rules.handle(SIGHUP);
        for (int i = 0; i < 3; ++i) world.rules.ready(world.newest());
        CHECK(world.host.take_signals().size() == 5);
    }
}

TEST_CASE("a reload is complete only when every slot is served by the new generation") {
    world world;
    world.host.fresh->workers = 4;
    world.rules.handle(SIGHUP);
    world.rules.ready(104);
    world.rules.ready(105);
    SUBCASE("a slot that was added at the end boots") {
        world.rules.ready(106);
        CHECK(world.log.count("Reload complete") == 0);
        world.rules.ready(107);
    }
    SUBCASE("a slot is empty until its pause is over") {
        world.rules.died(104, SIGKILL);
        world.rules.tick();
        world.rules.died(107, failed);
        world.rules.ready(106);
        world.rules.ready(108);
        CHECK(world.log.count("Reload complete") == 0);
        world.host.time += 1s;
        world.rules.tick();
        CHECK(world.log.count("Reload complete") == 0);
        world.rules.ready(109);
    }
    CHECK(world.log.count("[INFO] Reload complete: generation 2 serves") == 1);
    world.rules.died(world.newest(), SIGKILL);
    world.rules.tick();
    world.rules.ready(world.newest());
    CHECK(world.log.count("Reload complete") == 1);
}

TEST_CASE("a HUP while the last slots of a generation boot begins the next reload at once") {
    world world;
    world.host.fresh->workers = 4;
    world.rules.handle(SIGHUP);
    for (const pid_t pid : {104, 105, 106}) world.rules.ready(pid);
    world.rules.handle(SIGHUP);
    CHECK(world.host.started.back().generation == 3);
    for (int i = 0; i < 4; ++i) world.rules.ready(world.newest());
    CHECK(world.log.count("Reload complete: generation 2") == 0);
    CHECK(world.log.count("Reload complete: generation 3") == 1);
}

TEST_CASE("when an old worker dies while its successor boots, the successor takes the slot without another start") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.died(101, SIGKILL);
    REQUIRE(world.host.started.size() == 5);
    CHECK(world.host.started.back().slot == 1);
    world.rules.ready(104);
    world.host.time += 60s;
    world.rules.tick();
    CHECK(world.host.started.size() == 5);
}

TEST_CASE("an old worker that dies before its turn is replaced by one of the new generation") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.died(103, SIGKILL);
    world.rules.tick();
    REQUIRE(world.host.started.size() == 5);
    CHECK(world.host.started.back().slot == 2);
    CHECK(world.host.started.back().generation == 2);
    world.rules.ready(105);
    world.rules.ready(104);
    world.rules.ready(106);
    CHECK(world.host.started.size() == 6);
    CHECK(world.log.count("Reload complete") == 1);
}

TEST_CASE("TTOU during a reload retires a worker together with its successor, and the reload goes on") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.handle(SIGTTOU);
    CHECK(world.host.take_signals() == sent{{101, SIGTERM}, {104, SIGTERM}});
    CHECK(world.host.started.back().slot == 1);
    world.rules.died(104, left);
    world.rules.ready(105);
    world.rules.ready(106);
    world.rules.ready(107);  // the settings still say three
    CHECK(world.log.count("Reload complete") == 1);
    CHECK(world.log.count("Reload failed") == 0);
}

TEST_CASE("a successor that cannot even be started fails the reload") {
    world world;
    world.host.no_processes = true;
    world.rules.handle(SIGHUP);
    CHECK(world.log.count("Reload failed") == 1);
    CHECK(world.host.take_signals().empty());
}

TEST_CASE("TERM ends a reload") {
    world world;
    world.rules.handle(SIGHUP);
    world.rules.handle(SIGTERM);
    CHECK(world.host.take_signals() == sent{{101, SIGTERM}, {102, SIGTERM}, {103, SIGTERM}, {104, SIGTERM}});
    world.rules.ready(104);
    for (const pid_t pid : {101, 102, 103, 104}) world.rules.died(pid, left);
    CHECK(world.rules.over());
    CHECK(world.host.started.size() == 4);
}

TEST_CASE("a reload does not wait for the back-off of workers that kept dying") {
    world world;
    for (int death = 0; death < 6; ++death) {
        world.rules.died(world.host.started.back().pid, failed);
        world.host.time += 30s;
        world.rules.tick();
    }
    world.rules.died(world.host.started.back().pid, failed);
    const std::size_t before = world.host.started.size();
    world.host.time += 1ms;
    world.rules.tick();
    REQUIRE(world.host.started.size() == before);
    world.rules.handle(SIGHUP);
    world.rules.tick();
    CHECK(world.host.started.size() == before + 2);
    CHECK(world.host.started.back().generation == 2);
}
