#include "server/supervision/signal_names.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace girin::supervision;

TEST_CASE("signals have their names") {
    CHECK(signal_name(SIGKILL) == "SIGKILL");
    CHECK(short_signal_name(SIGTTIN) == "ttin");
    CHECK(short_signal_name(SIGUSR1) == "usr1");
    CHECK(signal_name(200) == "signal 200");
}
