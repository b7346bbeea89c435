#include "tests/support/run_virtual.hpp"

#include <girin/async_generator.hpp>
#include <girin/context_var.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>
#include <girin/try_finally.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

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

TEST_CASE("22.03 tasks and then generators are ended while to_thread still works") {
    std::string events;
    std::optional<async_generator<int>> kept;
    auto numbers = [&]() -> async_generator<int> {
        bool closing = false;
        try {
            co_yield 1;
        } catch (const generator_exit&) {
            closing = true;
        }
        auto word = co_await to_thread([] { return std::string("generator"); });
        events += word;
        if (closing) throw generator_exit();
    };
    auto cleanup = [&]() -> coro<> {
        auto word = co_await to_thread([] { return std::string("task "); });
        events += word;
    };
    auto leftover = [&]() -> coro<> { co_await try_finally([]() -> coro<> { co_await sleep(1h); }, cleanup); };
    run_virtual([&]() -> coro<> {
        kept.emplace(numbers());
        co_await kept->next();
        create_task(leftover());
        co_await sleep(0s);
    });
    CHECK(events == "task generator");
}
