#include "server/master/backoff.hpp"

#include <doctest/doctest.h>

#include <vector>

using girin::master::backoff;
using namespace std::chrono_literals;

TEST_CASE("the first death is followed at once, then 1 s doubling to 30 s") {
    backoff pause;
    for (const auto expected : {0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s}) CHECK(pause.after_death(1s) == expected);
}

TEST_CASE("60 s of life start over") {
    backoff pause;
    for (int i = 0; i < 5; ++i) pause.after_death(59s);
    CHECK(pause.after_death(59s) == 16s);
    CHECK(pause.after_death(60s) == 0s);
    CHECK(pause.after_death(1s) == 1s);
}

TEST_CASE("each longer pause is a step, and staying at 30 s is none") {
    backoff pause;
    std::vector<bool> steps;
    for (int i = 0; i < 9; ++i) {
        pause.after_death(0s);
        steps.push_back(pause.stepped());
    }
    CHECK(steps == std::vector<bool>{false, true, true, true, true, true, true, false, false});
    pause.after_death(60s);
    CHECK_FALSE(pause.stepped());
}
