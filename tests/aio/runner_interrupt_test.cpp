#include "tests/support/run_virtual.hpp"
#include "tests/support/until.hpp"

#include <girin/async_generator.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>
#include <girin/try_finally.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

// Runs the function in a child process, sends it SIGINT so many times when it says that it is ready, and returns the
// status that waitpid gave.
int in_child(int interrupts, const std::function<int(std::function<void()> ready)>& function) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::signal(SIGINT, SIG_DFL);
        ::_exit(function([&] { (void)!::write(pipe_ends[1], "x", 1); }));
    }
    ::close(pipe_ends[1]);
    char byte;
    for (int i = 0; i < interrupts; ++i) {
        CHECK(::read(pipe_ends[0], &byte, 1) == 1);
        ::kill(child, SIGINT);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    ::close(pipe_ends[0]);
    return status;
}

// What run() did, as an exit code.
template <class Program>
int code_of_run(Program program, loop_options options = {}) {
    try {
        return run(program(), options);
    } catch (const keyboard_interrupt&) {
        return 10;
    } catch (const cancelled_error&) {
        return 11;
    } catch (const std::domain_error&) {
        return 12;
    } catch (...) {
        return 13;
    }
}

bool exited_with(int status, int code) {
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

}  // namespace

TEST_CASE("Ctrl-C cancels the main task, which may clean up, and run raises keyboard_interrupt") {
    int status = in_child(1, [](auto ready) {
        bool cleaned_up = false;
        int code = code_of_run([&]() -> coro<int> {
            ready();
            co_await try_finally([]() -> coro<> { co_await sleep(1h); },
                                 [&]() -> coro<> {
                                     co_await sleep(1ms);
                                     cleaned_up = true;
                                 });
            co_return 0;
        });
        return cleaned_up ? code : 99;
    });
    CHECK(exited_with(status, 10));
}

TEST_CASE("Ctrl-C wakes a loop with virtual time that waits for a pool function") {
    int status = in_child(1, [](auto ready) {
        std::binary_semaphore interrupted(0);
        bool in_time = false;
        auto function = [&] {
            ready();
            in_time = interrupted.try_acquire_for(test::patience);
        };
        int code = code_of_run(
            [&]() -> coro<int> {
                co_await try_finally([&]() -> coro<> { co_await to_thread(abandon, function); },
                                     [&]() -> coro<> {
                                         interrupted.release();
                                         co_return;
                                     });
                co_return 0;
            },
            {.virtual_time = true});
        return in_time ? code : 99;
    });
    CHECK(exited_with(status, 10));
}

TEST_CASE("a main task that swallows Ctrl-C returns its value, and one that raises something else raises that") {
    int swallowed = in_child(1, [](auto ready) {
        return code_of_run([&]() -> coro<int> {
            try {
                ready();
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                co_return 42;
            }
            co_return 0;
        });
    });
    CHECK(exited_with(swallowed, 42));
    int replaced = in_child(1, [](auto ready) {
        return code_of_run([&]() -> coro<int> {
            try {
                ready();
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw std::domain_error("x");
            }
            co_return 0;
        });
    });
    CHECK(exited_with(replaced, 12));
}

TEST_CASE("a main task that somebody else has cancelled too raises cancelled_error") {
    int status = in_child(1, [](auto ready) {
        return code_of_run([&]() -> coro<int> {
            any_task self = current_task();
            try {
                ready();
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                self.cancel();
                throw;
            }
            co_return 0;
        });
    });
    CHECK(exited_with(status, 11));
}

TEST_CASE("a second Ctrl-C kills the process") {
    int status = in_child(2, [](auto ready) {
        return code_of_run([&]() -> coro<int> {
            for (;;) {
                ready();
                try {
                    co_await sleep(1h);
                } catch (const cancelled_error&) {
                }
            }
        });
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
}

TEST_CASE("Ctrl-C before the main task's first step cancels it there") {
    int status = in_child(0, [](auto) {
        loop l;
        detail::interrupt_guard guard(l);
        ::raise(SIGINT);
        l.stop();
        l.run_forever();
        bool reached = false;
        try {
            l.run_until_complete([](detail::interrupt_guard& g, bool& end) -> coro<> {
                g.watch(current_task());
                co_await sleep(1h);
                end = true;
            }(guard, reached));
        } catch (const cancelled_error&) {
            try {
                guard.check_result();
            } catch (const keyboard_interrupt&) {
                return reached ? 21 : 20;
            }
        }
        return 22;
    });
    CHECK(exited_with(status, 20));
}

TEST_CASE("run takes over SIGINT only from its default action, only in the main thread, and gives it back") {
    int status = in_child(0, [](auto) {
        auto action_now = [] {
            struct sigaction action = {};
            ::sigaction(SIGINT, nullptr, &action);
            return action.sa_handler;
        };
        auto look = [&]() -> coro<int> { co_return action_now() == SIG_DFL ? 1 : action_now() == SIG_IGN ? 2 : 3; };
        if (run(look()) != 3) return 1;
        if (action_now() != SIG_DFL) return 2;
        int in_thread = 0;
        std::thread([&] { in_thread = run(look()); }).join();
        if (in_thread != 1) return 3;
        ::signal(SIGINT, SIG_IGN);
        if (run(look()) != 2) return 4;
        if (action_now() != SIG_IGN) return 5;
        ::signal(SIGINT, SIG_DFL);
        auto replace = [&]() -> coro<int> {
            ::signal(SIGINT, SIG_IGN);
            co_return 0;
        };
        run(replace());
        if (action_now() != SIG_IGN) return 6;
        return 0;
    });
    CHECK(exited_with(status, 0));
}

TEST_CASE("an interrupt while tasks are unwound does not keep the generators from being closed") {
    bool closed = false;
    auto body = [&]() -> async_generator<int> {
        try {
            co_yield 1;
        } catch (const generator_exit&) {
            closed = true;
            throw;
        }
    };
    std::optional<async_generator<int>> kept;
    auto program = [&]() -> coro<int> {
        kept.emplace(body());
        co_await kept->next();
        create_task([]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw keyboard_interrupt();
            }
        });
        co_await sleep(0s);
        co_return 5;
    };
    CHECK(run_virtual(program) == 5);
    CHECK(closed);
}

TEST_CASE("22.12 each run of a runner has a Ctrl-C of its own") {
    int status = in_child(2, [](auto ready) {
        runner r;
        int interrupted = 0;
        auto waits = [&]() -> coro<> {
            ready();
            co_await sleep(1h);
        };
        for (int i = 0; i < 2; ++i) {
            try {
                r.run(waits());
            } catch (const keyboard_interrupt&) {
                ++interrupted;
            }
        }
        return interrupted;
    });
    CHECK(exited_with(status, 2));
}

TEST_CASE("Ctrl-C in the turn in which an exception leaves the loop harms nobody") {
    int status = in_child(0, [](auto) {
        return code_of_run([]() -> coro<int> {
            loop::running().call_soon([] { throw keyboard_interrupt(); });
            ::raise(SIGINT);
            co_await sleep(1h);
            co_return 0;
        });
    });
    CHECK(exited_with(status, 10));
}
