#include "server/supervision/worker_start.hpp"

#include "server/supervision/memory_file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <cstdlib>
#include <stdexcept>

using namespace girin::supervision;

TEST_CASE("the hand-over reads back as it was written") {
    const worker_start_info info{
        .listeners = {3, 4}, .settings = 5, .scoreboard = 6, .channel = 7, .slot = 2, .generation = 11};
    CHECK(encode_worker_start(info) == "listeners=3,4 settings=5 scoreboard=6 channel=7 slot=2 generation=11");
    CHECK(decode_worker_start(encode_worker_start(info)) == info);
}

TEST_CASE("words of a newer master are skipped") {
    const std::string known = "listeners=3 settings=5 scoreboard=6 channel=7 slot=2 generation=1";
    CHECK(decode_worker_start(known + " colour=blue") == decode_worker_start(known));
}

TEST_CASE("a hand-over that no master wrote is refused") {
    for (const char* text :
         {"", "1", "listeners=3", "settings=5 scoreboard=6", "listeners=1 settings=5 scoreboard=6 channel=7",
          "listeners=5 settings=5 scoreboard=6 channel=7", "settings=x scoreboard=6 channel=7",
          "settings=-5 scoreboard=6 channel=7", "settings=5 scoreboard=99999999999 channel=7"})
        CHECK_THROWS_AS(decode_worker_start(text), std::invalid_argument);
    CHECK_THROWS_WITH_AS(decode_worker_start("settings=x"),
                         "GIRIN_WORKER is for girin's master to set: a number was expected, not 'x'",
                         std::invalid_argument);
}

TEST_CASE("a count of workers instead of a hand-over is told from what was probably meant") {
    CHECK_THROWS_WITH_AS(decode_worker_start("2"),
                         "GIRIN_WORKER is for girin's master to set: name=value was expected, not '2'; did you mean "
                         "GIRIN_WORKERS?",
                         std::invalid_argument);
}

TEST_CASE("a process without the variable is no worker") {
    CHECK_FALSE(take_worker_start());
}

TEST_CASE("the variable is gone afterwards, and the descriptors are not inherited on") {
    const girin::unique_fd settings(::fcntl(create_sealed_file("test", "").get(), F_DUPFD, 3));
    const girin::unique_fd scoreboard(::fcntl(settings.get(), F_DUPFD, 3));
    const girin::unique_fd channel(::fcntl(settings.get(), F_DUPFD, 3));
    const worker_start_info info{.listeners = {},
                                 .settings = settings.get(),
                                 .scoreboard = scoreboard.get(),
                                 .channel = channel.get(),
                                 .slot = 0,
                                 .generation = 1};
    ::setenv(worker_variable, encode_worker_start(info).c_str(), 1);
    CHECK(take_worker_start() == info);
    CHECK(std::getenv(worker_variable) == nullptr);
    CHECK(::fcntl(settings.get(), F_GETFD) == FD_CLOEXEC);
    CHECK(::fcntl(channel.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("a descriptor that is not open is refused") {
    ::setenv(worker_variable, "listeners= settings=900 scoreboard=901 channel=902 slot=0 generation=1", 1);
    CHECK_THROWS_WITH_AS(take_worker_start(), "GIRIN_WORKER is for girin's master to set: descriptor 900 is not open",
                         std::invalid_argument);
    CHECK(std::getenv(worker_variable) == nullptr);
}
