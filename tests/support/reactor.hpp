// For tests of the reactor: a pair of sockets, and a loop with each of the two that can run it.
#pragma once

#include <girin/asio.hpp>
#include <girin/coro.hpp>
#include <girin/runner.hpp>

#include <doctest/doctest.h>

#include <sys/socket.h>

namespace girin::test {

struct socket_pair {
    int fds[2];
    socket_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0); }
};

// Once with the reactor alone, and once with Asio's scheduler, which runs it when somebody uses the io_context.
template <class Program>
void run_here(Program program) {
    for (bool shared : {false, true}) {
        CAPTURE(shared);
        auto prepared = [&]() -> coro<> {
            if (shared) get_io_context();
            co_await program();
        };
        run(prepared());
    }
}

}  // namespace girin::test
