#include <girin/async_generator.hpp>
#include <girin/event.hpp>
#include <girin/future.hpp>
#include <girin/lock.hpp>
#include <girin/loop.hpp>
#include <girin/queue.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;

namespace {

coro<> sleep_long() {
    co_await sleep(1h);
}

struct sets_flag {
    bool* flag;
    ~sets_flag() { *flag = true; }
};

}  // namespace

TEST_CASE(
    "a loop that is closed destroys the frames of pending tasks and reports them, and their handles see them pending") {
    bool destroyed = false, started = false;
    task<> waiting, never_started;
    std::vector<std::string> reported;
    {
        loop l;
        l.set_exception_handler(
            [&](loop&, const exception_context& c) { reported.push_back(c.task_name + ": " + c.message); });
        l.call_soon([&] {
            waiting = create_task([&]() -> coro<> {
                sets_flag on_exit{&destroyed};
                co_await sleep(1h);
            });
            waiting.set_name("waiting");
            loop::running().call_soon([&] {
                never_started = create_task([&]() -> coro<> {
                    started = true;
                    co_return;
                });
                never_started.set_name("never started");
                loop::running().stop();
            });
        });
        l.run_forever();
    }
    CHECK(destroyed);
    CHECK_FALSE(started);
    CHECK(reported == std::vector<std::string>{"never started: Task was destroyed but it is pending!",
                                               "waiting: Task was destroyed but it is pending!"});
    for (const auto& t : {waiting, never_started}) {
        CHECK_FALSE(t.done());
        CHECK(t.cancel());
        CHECK(t.cancelling() == 1);
        CHECK_THROWS_AS(t.result(), invalid_state_error);
    }
}

TEST_CASE("destructors that run while the loop is closed may cancel tasks, complete futures and drop handles") {
    auto close_with = [](auto first, auto second) {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            first();
            second();
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    };
    task<> victim;
    future<int> f;
    std::optional<task<>> dropped;
    struct on_exit {
        task<>& victim;
        future<int>& f;
        std::optional<task<>>& dropped;
        ~on_exit() {
            if (victim) victim.cancel("from a destructor");
            if (f && !f.done()) f.set_result(1);
            dropped.reset();
        }
    };
    auto make_victim = [&] {
        f = create_future<int>();
        victim = create_task([](future<int> awaited) -> coro<> { co_await awaited; }, f);
        dropped = create_task(sleep_long());
    };
    auto make_guard = [&] {
        create_task([&]() -> coro<> {
            on_exit guard{victim, f, dropped};
            co_await sleep(1h);
        });
    };
    close_with(make_victim, make_guard);
    CHECK_FALSE(victim.done());
    CHECK(f.done());
    victim = {};
    f = {};
    close_with(make_guard, make_victim);
    CHECK_FALSE(victim.done());
}

TEST_CASE("a task that waits inside a generator somebody else holds can be destroyed before it") {
    std::optional<async_generator<int>> generator;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        auto body = []() -> async_generator<int> {
            co_await sleep(1h);
            co_yield 1;
        };
        l.call_soon([&] {
            generator.emplace(body());
            create_task([&]() -> coro<> { co_await generator->next(); });
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    }
    generator.reset();
}

TEST_CASE("what is waited for inside a generator can be woken after the waiting task was destroyed") {
    queue<int> items;
    event happened;
    lock held;
    auto get = [&]() -> async_generator<int> { co_yield co_await items.get(); };
    auto wait = [&]() -> async_generator<int> {
        co_await happened.wait();
        co_yield 1;
    };
    auto acquire = [&]() -> async_generator<int> {
        co_await held.acquire();
        co_yield 1;
    };
    std::vector<async_generator<int>> generators;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task([&]() -> coro<> { co_await held.acquire(); });
            generators.push_back(get());
            generators.push_back(wait());
            generators.push_back(acquire());
            for (auto& each : generators) create_task([&each]() -> coro<> { co_await each.next(); });
            loop::running().call_later(0s, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    items.put_nowait(1);
    happened.set();
    held.release();
    generators.clear();
    CHECK(items.qsize() == 1);
}

TEST_CASE("a generator that is dropped while a task waits inside it takes no cancellation with it") {
    loop l;
    l.set_exception_handler([](loop&, const auto&) {});
    auto body = []() -> async_generator<int> {
        co_await sleep(1h);
        co_yield 1;
    };
    auto main = [&]() -> coro<> {
        std::optional<async_generator<int>> generator(body());
        task<> t = create_task([&]() -> coro<> { co_await generator->next(); });
        co_await sleep(0s);
        generator.reset();
        CHECK(t.cancel());
        co_await sleep(0s);
        CHECK_FALSE(t.done());
    };
    l.run_until_complete(main());
}
