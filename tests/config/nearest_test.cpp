// The name that somebody who wrote another one probably meant.
#include "config/nearest.hpp"

#include <doctest/doctest.h>

using namespace girin::config;

namespace {

const std::vector<known_spelling> known{{"workers", "workers"},      {"worker_class", "worker_class"},
                                        {"--log-level", "loglevel"}, {"timeout", "timeout"},
                                        {"-w", "workers"},           {"bind", "bind"}};

}

TEST_CASE("letters swapped, missing, extra or wrong still find the name") {
    CHECK(nearest("wrokers", known) == "workers");
    CHECK(nearest("worker", known) == "workers");
    CHECK(nearest("workerss", known) == "workers");
    CHECK(nearest("workors", known) == "workers");
    CHECK(nearest("tmieuot", known) == "timeout");
    CHECK(nearest("bnd", known) == "bind");
}

TEST_CASE("case, leading dashes and dash against underscore do not count") {
    CHECK(nearest("--WORKER-CLASS", known) == "worker_class");
    CHECK(nearest("log_level", known) == "loglevel");
    CHECK(nearest("-W", known) == "workers");
}

TEST_CASE("a name that resembles none finds none") {
    for (const char* word : {"", "-", "x", "-x", "reload", "wkr", "certfile"}) {
        CAPTURE(word);
        CHECK(nearest(word, known).empty());
    }
    CHECK(nearest(std::string(1 << 20, 'w'), known).empty());
}

TEST_CASE("the nearest of several wins") {
    CHECK(nearest("timeouts", {{"timers", "a"}, {"timeout", "b"}, {"timeless", "c"}}) == "b");
}
