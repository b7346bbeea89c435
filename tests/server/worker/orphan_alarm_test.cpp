#include "server/worker/orphan_alarm.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using girin::supervision::channel;

// What happens when the master dies later is the process tests' (server_handover_test.py).
TEST_CASE("a worker whose master has died before it was asked about is ended by the alarm") {
    channel worker = channel::pair().second;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        girin::worker::set_orphan_alarm(worker, std::chrono::milliseconds(0));
        for (;;) ::pause();
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGALRM);
}
