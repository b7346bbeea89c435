#include "server/master/signals.hpp"

#include <doctest/doctest.h>

#include <poll.h>
#include <unistd.h>

using girin::master::signal_source;

TEST_CASE("the master's signals wait to be read, and the descriptor says so") {
    signal_source signals;
    CHECK_FALSE(signals.next());
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGTTIN);
    pollfd polled{signals.fd(), POLLIN, 0};
    CHECK(::poll(&polled, 1, 0) == 1);
    CHECK(signals.next() == SIGHUP);
    CHECK(signals.next() == SIGTTIN);
    CHECK_FALSE(signals.next());
}

TEST_CASE("signals that were ignored before are seen all the same") {
    ::signal(SIGHUP, SIG_IGN);
    {
        signal_source signals;
        ::kill(::getpid(), SIGHUP);
        CHECK(signals.next() == SIGHUP);
    }
    ::signal(SIGHUP, SIG_DFL);
}

TEST_CASE("afterwards the signals are as they were, and those not read are dropped") {
    {
        signal_source signals;
        ::kill(::getpid(), SIGTERM);
    }
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    CHECK(sigismember(&blocked, SIGTERM) == 0);
}
