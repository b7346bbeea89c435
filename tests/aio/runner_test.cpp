#include "tests/support/run_virtual.hpp"

#include <girin/async_generator.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/to_thread.hpp>
#include <girin/try_finally.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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

TEST_CASE("run returns the result or raises the exception of its coroutine") {
    int object = 0;
    auto owner = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(1); };
    auto reference = [&]() -> coro<int&> { co_return object; };
    auto failure = []() -> coro<int> {
        co_await sleep(0s);
        throw std::domain_error("x");
    };
    auto cancels_itself = []() -> coro<> {
        current_task().cancel("self");
        co_await sleep(0s);
    };
    CHECK(*run(owner()) == 1);
    CHECK(&run(reference()) == &object);
    CHECK_THROWS_AS(run(failure()), std::domain_error);
    CHECK_THROWS_AS(run(cancels_itself()), cancelled_error);
}

TEST_CASE("run refuses to run inside a running loop, and does not start the coroutine") {
    bool started = false;
    auto inner = [&]() -> coro<> {
        started = true;
        co_return;
    };
    run_virtual([&]() -> coro<> {
        CHECK_THROWS_AS(run(inner()), std::runtime_error);
        co_return;
    });
    CHECK_FALSE(started);
}

TEST_CASE("tasks that are left are cancelled together and may clean up with awaits") {
    std::string events;
    auto leftover = [&](char name, std::chrono::seconds cleanup) -> coro<> {
        co_await try_finally([]() -> coro<> { co_await sleep(1h); },
                             [&]() -> coro<> {
                                 events += name;
                                 co_await sleep(cleanup);
                                 events += name;
                             });
    };
    run_virtual([&]() -> coro<> {
        create_task(leftover('a', 2s));
        create_task(leftover('b', 1s));
        co_await sleep(0s);
    });
    CHECK(events.size() == 4);
    CHECK(events.substr(2) == "ba");
}

TEST_CASE("an exception of a task that is left is reported, and the main exception is raised all the same") {
    std::vector<std::string> reported;
    auto bad = []() -> coro<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled_error&) {
            throw std::length_error("clean-up");
        }
    };
    auto program = [&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        create_task(bad());
        co_await sleep(0s);
        throw std::domain_error("main");
    };
    CHECK_THROWS_AS(run_virtual(program), std::domain_error);
    CHECK(reported == std::vector<std::string>{"unhandled exception during girin::run() shutdown"});
}

TEST_CASE("a task that is made during the clean-up is not cancelled but destroyed") {
    std::vector<std::string> reported;
    bool cancelled = false, destroyed = false;
    struct sets_flag {
        bool* flag;
        ~sets_flag() { *flag = true; }
    };
    auto late = [&]() -> coro<> {
        sets_flag on_exit{&destroyed};
        try {
            co_await sleep(1h);
        } catch (const cancelled_error&) {
            cancelled = true;
            throw;
        }
    };
    auto leftover = [&]() -> coro<> {
        try {
            co_await sleep(1h);
        } catch (const cancelled_error&) {
            create_task(late());
            throw;
        }
    };
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        create_task(leftover());
        co_await sleep(0s);
    });
    CHECK(destroyed);
    CHECK_FALSE(cancelled);
    CHECK(reported == std::vector<std::string>{"Task was destroyed but it is pending!"});
}

TEST_CASE("run ends even if a task swallows its cancellation and never ends") {
    auto program = []() -> coro<int> {
        create_task([]() -> coro<> {
            for (;;) {
                try {
                    co_await create_future();
                } catch (const cancelled_error&) {
                }
            }
        });
        co_await sleep(0s);
        co_return 5;
    };
    CHECK(run(program(), {.virtual_time = true}) == 5);
}

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
        return code_of_run(
            [&]() -> coro<int> {
                co_await to_thread(abandon, [ready] {
                    ready();
                    std::this_thread::sleep_for(50ms);
                });
                co_return 0;
            },
            {.virtual_time = true});
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
            return guard.caused_cancellation() && !reached ? 20 : 21;
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
