#include "server/master/watchdog.hpp"

#include <doctest/doctest.h>

using namespace girin::master;
using namespace std::chrono_literals;
using action = sentence::action;

namespace {

const time_point noon = time_point(1000s);
const options limits{.timeout = 30s, .boot_timeout = 60s, .graceful_timeout = 20s};

worker in(worker_phase phase) {
    return {.pid = 7, .generation = 1, .started = noon, .phase = phase, .since = noon};
}

}  // namespace

TEST_CASE("a worker has boot_timeout to boot, whatever its heartbeat") {
    const sentence due = judge(in(worker_phase::booting), limits, noon - 500s, noon, noon);
    CHECK(due.at == noon + 60s);
    CHECK(due.what == action::abort);
}

TEST_CASE("a ready worker has timeout since its loop last turned, or since it got ready") {
    CHECK(judge(in(worker_phase::ready), limits, noon + 5s, noon, noon + 6s).at == noon + 35s);
    CHECK(judge(in(worker_phase::ready), limits, time_point(), noon, noon + 6s).at == noon + 30s);
    CHECK(judge(in(worker_phase::ready), limits, noon + 5s, noon, noon + 6s).what == action::abort);
}

TEST_CASE("silence while the master itself stood still is not held against a worker") {
    CHECK(judge(in(worker_phase::ready), limits, noon + 5s, noon + 100s, noon + 100s).at == noon + 130s);
}

TEST_CASE("a heartbeat from the future does not keep a worker alive") {
    CHECK(judge(in(worker_phase::ready), limits, noon + 1000s, noon, noon + 6s).at == noon + 30s);
    CHECK(judge(in(worker_phase::ready), limits, time_point::max(), noon, noon + 6s).at == noon + 30s);
}

TEST_CASE("a scoreboard that cannot be read is not held against a worker") {
    CHECK(judge(in(worker_phase::ready), limits, std::nullopt, noon, noon).at == time_point::max());
}

TEST_CASE("a timeout of 0 is none") {
    const options none{.timeout = 0s, .boot_timeout = 0s};
    CHECK(judge(in(worker_phase::ready), none, noon, noon, noon).at == time_point::max());
    CHECK(judge(in(worker_phase::booting), none, noon, noon, noon).at == time_point::max());
}

TEST_CASE("a retiring worker has graceful_timeout and is then killed") {
    const sentence due = judge(in(worker_phase::retiring), limits, time_point(), noon, noon);
    CHECK(due.at == noon + 20s);
    CHECK(due.what == action::kill);
}

TEST_CASE("an aborted worker is killed at its time, once") {
    worker aborted = in(worker_phase::ready);
    aborted.kill_at = noon + 1s;
    CHECK(judge(aborted, limits, noon, noon, noon).at == noon + 1s);
    CHECK(judge(aborted, limits, noon, noon, noon).what == action::kill);
    aborted.killed = true;
    CHECK(judge(aborted, limits, noon, noon, noon).at == time_point::max());
}
