#include "tests/support/loop_thread.hpp"
#include "tests/support/turns.hpp"

#include <girin/context_var.hpp>
#include <girin/run_coroutine_threadsafe.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::loop_thread;
using girin::test::turns;

namespace {

coro<> wait_for_ever(std::atomic<int>& waiting, std::atomic<int>& cancelled) {
    ++waiting;
    try {
        co_await sleep(1h);
    } catch (const cancelled_error&) {
        ++cancelled;
        throw;
    }
}

}  // namespace

TEST_CASE("2.06 it runs the coroutine as a task of the other loop, and returns a future of its result or exception") {
    loop_thread other;
    std::thread::id where;
    auto add = [&](int a, int b) -> coro<int> {
        where = std::this_thread::get_id();
        CHECK(current_task());
        co_await sleep(1ms);
        co_return a + b;
    };
    concurrent_future<int> sum = run_coroutine_threadsafe(add(1, 2), other.get_loop());
    CHECK(sum.result(10s) == 3);
    CHECK(where != std::this_thread::get_id());
    auto fails = []() -> coro<> {
        co_await turns(1);
        throw std::domain_error("x");
    };
    auto failed = run_coroutine_threadsafe(fails(), other.get_loop());
    CHECK_THROWS_AS(failed.result(10s), std::domain_error);
    auto owner = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(1); };
    CHECK(*run_coroutine_threadsafe(owner(), other.get_loop()).result(10s) == 1);
}

TEST_CASE("2.07 result's timeout does not cancel the task") {
    loop_thread other;
    std::atomic<bool> go_on = false;
    auto waits = [&]() -> coro<int> {
        while (!go_on) co_await sleep(1ms);
        co_return 1;
    };
    auto f = run_coroutine_threadsafe(waits(), other.get_loop());
    CHECK_THROWS_AS(f.result(2ms), timeout_error);
    CHECK_FALSE(f.done());
    go_on = true;
    CHECK(f.result(10s) == 1);
}

TEST_CASE("2.08 cancelling the future cancels the task, which may clean up") {
    loop_thread other;
    std::atomic<int> waiting = 0, cancelled = 0;
    auto f = run_coroutine_threadsafe(wait_for_ever(waiting, cancelled), other.get_loop());
    other.settle();
    CHECK(waiting == 1);
    CHECK(f.cancel());
    CHECK_THROWS_AS(f.result(), cancelled_error);
    other.settle();
    CHECK(cancelled == 1);
}

TEST_CASE("2.08 a task that is cancelled, by another or by itself, cancels the future") {
    loop_thread other;
    auto cancels_itself = []() -> coro<int> {
        current_task().cancel();
        co_return 1;
    };
    auto f = run_coroutine_threadsafe(cancels_itself(), other.get_loop());
    CHECK_THROWS_AS(f.result(10s), cancelled_error);
    CHECK(f.cancelled());
}

TEST_CASE(
    "a future that is cancelled before the loop has seen it starts nothing, and frees the arguments in the loop") {
    loop l;
    struct argument {
        std::thread::id* freed_in;
        explicit argument(std::thread::id* f) : freed_in(f) {}
        argument(argument&& other) noexcept : freed_in(std::exchange(other.freed_in, nullptr)) {}
        ~argument() {
            if (freed_in) *freed_in = std::this_thread::get_id();
        }
    };
    bool started = false;
    std::thread::id freed_in;
    std::thread([&] {
        auto body = [&](argument) -> coro<> {
            started = true;
            co_return;
        };
        run_coroutine_threadsafe(body(argument(&freed_in)), l).cancel();
    }).join();
    l.stop();
    l.run_forever();
    CHECK_FALSE(started);
    CHECK(freed_in == std::this_thread::get_id());
}

TEST_CASE("2.10 what was awaited already is refused in the calling thread, and so is a closed loop") {
    loop_thread other;
    auto nothing = []() -> coro<> { co_return; };
    auto gone = nothing();
    {
        auto moved = std::move(gone);
    }
    CHECK_THROWS_AS(run_coroutine_threadsafe(std::move(gone), other.get_loop()), std::runtime_error);
    loop closed;
    closed.close();
    CHECK_THROWS_WITH_AS(run_coroutine_threadsafe(nothing(), closed), "Event loop is closed", std::runtime_error);
}

TEST_CASE("2.12 a loop that is closed over a task, or before it has seen it, leaves nobody waiting") {
    std::atomic<int> waiting = 0, cancelled = 0;
    loop_thread other;
    auto running = run_coroutine_threadsafe(wait_for_ever(waiting, cancelled), other.get_loop());
    other.settle();
    other.end();
    CHECK_THROWS_AS(running.result(10s), cancelled_error);
    CHECK(waiting == 1);
    CHECK(cancelled == 0);
    CHECK(running.cancel());

    concurrent_future<> queued;
    {
        loop l;
        queued = run_coroutine_threadsafe(wait_for_ever(waiting, cancelled), l);
    }
    CHECK_THROWS_AS(queued.result(10s), cancelled_error);
    CHECK(waiting == 1);
}

TEST_CASE("a task that nobody's future is left of runs to its end") {
    loop_thread other;
    std::atomic<bool> ended = false;
    auto body = [&]() -> coro<> {
        co_await turns(1);
        ended = true;
    };
    run_coroutine_threadsafe(body(), other.get_loop());
    other.settle();
    CHECK(ended);
}

TEST_CASE("the task runs in a copy of the calling thread's context") {
    static const context_var<int> v("v", 0);
    loop_thread other;
    auto read = []() -> coro<int> { co_return v.set(2).old_value().value_or(-1); };
    context().run([&] {
        v.set(1);
        CHECK(run_coroutine_threadsafe(read(), other.get_loop()).result(10s) == 1);
        CHECK(v.get() == 1);
    });
}

TEST_CASE("many threads that start, cancel and drop lose nothing") {
    constexpr int threads = 4, each = 200;
    std::atomic<int> ended = 0, waiting = 0, cancelled = 0, raised = 0;
    loop_thread other;
    auto quick = [&]() -> coro<int> {
        co_await turns(1);
        ++ended;
        co_return 1;
    };
    {
        std::vector<std::jthread> callers;
        for (int t = 0; t < threads; ++t)
            callers.emplace_back([&] {
                for (int i = 0; i < each; ++i) {
                    auto slow = run_coroutine_threadsafe(wait_for_ever(waiting, cancelled), other.get_loop());
                    if (run_coroutine_threadsafe(quick(), other.get_loop()).result() != 1) ++raised;
                    slow.cancel();
                }
            });
    }
    other.settle();
    CHECK(ended == threads * each);
    CHECK(waiting == threads * each);
    CHECK(cancelled == threads * each);
    CHECK(raised == 0);
}
