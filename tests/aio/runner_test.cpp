#include "tests/support/run_virtual.hpp"

#include <girin/async_generator.hpp>
#include <girin/context_var.hpp>
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

TEST_CASE("22.08 a runner runs several coroutines on one loop") {
    runner r;
    loop* first = nullptr;
    auto look = [&]() -> coro<loop*> {
        co_await sleep(0s);
        co_return &loop::running();
    };
    first = r.run(look());
    CHECK(first == r.run(look()));
    CHECK(first == &r.get_loop());
    auto fails = []() -> coro<> {
        throw std::domain_error("x");
        co_return;
    };
    CHECK_THROWS_AS(r.run(fails()), std::domain_error);
    CHECK(first == r.run(look()));
}

TEST_CASE("22.08 what one main task sets in the context the next sees, and the caller does not") {
    static const context_var<int> v("v", 0);
    auto count = []() -> coro<int> {
        v.set(v.get() + 1);
        co_return v.get();
    };
    context().run([&] {
        v.set(10);
        runner r({.virtual_time = true});
        CHECK(r.run(count()) == 11);
        v.set(50);
        CHECK(r.run(count()) == 12);
        CHECK(v.get() == 50);
        context given;
        CHECK(r.run(count(), given) == 1);
        CHECK(given.get(v) == 1);
        CHECK(r.run(count()) == 13);
    });
}

TEST_CASE("22.08 what a main task leaves goes on with the next, and is cancelled when the runner is closed") {
    runner r({.virtual_time = true});
    std::string events;
    auto leftover = [&]() -> coro<> {
        try {
            co_await sleep(1s);
            events += 'a';
            co_await sleep(1h);
        } catch (const cancelled_error&) {
            events += 'c';
            throw;
        }
    };
    auto leave = [&]() -> coro<> {
        create_task(leftover());
        co_return;
    };
    auto wait = [&]() -> coro<> { co_await sleep(2s); };
    r.run(leave());
    r.run(wait());
    CHECK(events == "a");
    r.close();
    CHECK(events == "ac");
}

TEST_CASE("22.10 close is idempotent, and a closed runner refuses to run") {
    bool started = false;
    auto main = [&]() -> coro<> {
        started = true;
        co_return;
    };
    runner unused;
    unused.close();
    CHECK_THROWS_WITH_AS(unused.run(main()), "Runner is closed", std::runtime_error);
    runner r;
    loop& l = r.get_loop();
    CHECK_FALSE(l.is_running());
    r.close();
    r.close();
    CHECK_THROWS_WITH_AS(r.get_loop(), "Runner is closed", std::runtime_error);
    CHECK_THROWS_WITH_AS(r.run(main()), "Runner is closed", std::runtime_error);
    CHECK_FALSE(started);
}

TEST_CASE("a runner neither runs nor closes inside a loop that it runs") {
    runner r;
    bool started = false;
    auto inner = [&]() -> coro<> {
        started = true;
        co_return;
    };
    auto main = [&]() -> coro<> {
        CHECK_THROWS_AS(r.run(inner()), std::runtime_error);
        CHECK_THROWS_AS(r.close(), std::runtime_error);
        co_return;
    };
    r.run(main());
    CHECK_FALSE(started);
}

TEST_CASE("a main task that stops the loop leaves a runner that can go on") {
    runner r;
    auto stops = []() -> coro<> {
        loop::running().stop();
        co_await sleep(1h);
    };
    auto value = []() -> coro<int> { co_return 1; };
    CHECK_THROWS_WITH_AS(r.run(stops()), "Event loop stopped before Future completed.", std::runtime_error);
    CHECK(r.run(value()) == 1);
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
