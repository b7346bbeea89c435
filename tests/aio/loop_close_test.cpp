#include <girin/async_generator.hpp>
#include <girin/event.hpp>
#include <girin/future.hpp>
#include <girin/lock.hpp>
#include <girin/loop.hpp>
#include <girin/queue.hpp>
#include <girin/run_coroutine_threadsafe.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
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

TEST_CASE("a loop that is closed takes back what a generator, held by somebody else, has queued in a pool") {
    thread_pool pool({.threads = 1});
    std::latch running(1), open(1);
    loop busy;
    busy.set_exception_handler([](loop&, const auto&) {});
    busy.call_soon([&] {
        create_task(detail::call_in(&pool, [&] {
            running.count_down();
            open.wait();
        }));
        loop::running().call_soon([] { loop::running().stop(); });
    });
    busy.run_forever();
    running.wait();

    bool called = false;
    auto call = [&]() -> async_generator<int> {
        co_await detail::call_in(&pool, [&] { called = true; });
        co_yield 1;
    };
    std::optional<async_generator<int>> held;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            held.emplace(call());
            create_task([&]() -> coro<> { co_await held->next(); });
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
        CHECK(pool.queued() == 1);
        l.close();
        CHECK(pool.queued() == 0);
    }
    open.count_down();
    busy.close();
    CHECK_FALSE(called);
    held.reset();
}

TEST_CASE("a function of the loop's own pool cannot close the loop, and is told so before anything has happened") {
    loop l;
    l.set_exception_handler([](loop&, const auto&) {});
    std::latch running(1), stopped(1), refused(1);
    l.call_soon([&] {
        create_task(to_thread([&] {
            running.count_down();
            stopped.wait();
            CHECK_THROWS_AS(l.close(), pool_deadlock);
            refused.count_down();
        }));
        loop::running().call_soon([&] { loop::running().call_soon([] { loop::running().stop(); }); });
    });
    l.run_forever();
    running.wait();
    stopped.count_down();
    refused.wait();
    CHECK_FALSE(l.is_closed());
    l.close();
    CHECK(l.is_closed());
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

TEST_CASE("a function in a pool that waits for the loop is told when that is closed, and waited for") {
    thread_pool own({.threads = 1});
    for (int pool = 0; pool < 3; ++pool) {
        CAPTURE(pool);
        std::latch started(1);
        std::string told, refused;
        any_task held;
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        auto waits_for_task = [&] {
            auto never = [&]() -> coro<> {
                held = current_task();
                started.count_down();
                co_await sleep(1h);
            };
            try {
                run_coroutine_threadsafe(never(), l).result(20s);
                told = "a result";
            } catch (const cancelled_error&) {
                told = "cancelled";
            } catch (const timeout_error&) {
                told = "nothing";
            }
            try {
                l.call_soon_threadsafe([] {});
            } catch (const std::runtime_error& e) {
                refused = e.what();
            }
        };
        l.call_soon([&] {
            if (pool == 0) create_task(to_thread(waits_for_task));
            if (pool == 1) create_task(to_thread(abandon, waits_for_task));
            if (pool == 2) run_in_executor(own, waits_for_task);
        });
        l.call_soon_threadsafe([&] {
            create_task([&]() -> coro<> {
                while (!started.try_wait()) co_await sleep(1ms);
                loop::running().stop();
            });
        });
        l.run_forever();
        l.close();
        CHECK(told == "cancelled");
        CHECK(refused == "Event loop is closed");
    }
}

TEST_CASE("a function whose coroutine has not reached the loop when that is closed is told, too") {
    std::latch given(1);
    bool cancelled = false;
    loop l;
    l.set_exception_handler([](loop&, const auto&) {});
    l.call_soon([&] {
        create_task(to_thread([&] {
            auto work = []() -> coro<> { co_return; };
            try {
                auto result = run_coroutine_threadsafe(work(), l);
                given.count_down();
                result.result(20s);
            } catch (const cancelled_error&) {
                cancelled = true;
            } catch (const timeout_error&) {
            }
        }));
        loop::running().call_soon([&] {
            given.wait();
            loop::running().stop();
        });
    });
    l.run_forever();
    l.close();
    CHECK(cancelled);
}
