#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"

#include <girin/run_in_executor.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::detail::call_in;
using girin::test::outcome_of;
using girin::test::run_virtual;

TEST_CASE("a cancelled await of a queued function drops it at once, wherever in the queue it is") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        std::latch running(1), open(1);
        auto blocker = create_task(call_in(&pool, [&] {
            running.count_down();
            open.wait();
        }));
        std::string called;
        std::vector<task<>> queued;
        for (char c : {'a', 'b', 'c', 'd'})
            queued.push_back(create_task(call_in(&pool, [&called, c] { called += c; })));
        co_await sleep(0s);
        running.wait();
        CHECK(pool.queued() == 4);
        for (std::size_t i : {1, 0, 3}) queued[i].cancel();
        CHECK(pool.queued() == 1);
        for (std::size_t i : {1, 0, 3}) {
            auto outcome = co_await outcome_of(queued[i]);
            CHECK(outcome == "cancelled");
        }
        open.count_down();
        co_await blocker;
        co_await queued[2];
        CHECK(called == "c");
    });
}

TEST_CASE("a cancelled await of a running function waits for it, and then raises") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        std::latch running(1), open(1);
        std::atomic<bool> returned = false;
        auto t = create_task(call_in(&pool, [&] {
            running.count_down();
            open.wait();
            returned = true;
        }));
        co_await sleep(0s);
        running.wait();
        t.cancel();
        t.cancel();
        co_await sleep(0s);
        CHECK_FALSE(t.done());
        open.count_down();
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled");
        CHECK(returned);
        CHECK(t.cancelling() == 2);
    });
}

TEST_CASE("a cancelled task that has not submitted its function yet never does") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        bool called = false;
        auto body = [&]() -> coro<> {
            current_task().cancel();
            co_await call_in(&pool, [&] { called = true; });
        };
        auto t = create_task(body());
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled");
        CHECK_FALSE(called);
    });
}

TEST_CASE("a cancellation in the turn of the completion is raised") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        task<int> t = create_task(call_in(&pool, [] { return 1; }));
        co_await sleep(0s);
        while (pool.queued() != 0 || pool.busy() != 0) std::this_thread::yield();
        t.cancel();
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled");
    });
}

TEST_CASE("many tasks that are cancelled at any moment lose nothing, whether threads stay or leave") {
    auto program = [](std::chrono::nanoseconds idle_time) -> coro<> {
        thread_pool pool({.threads = 4, .idle_time = idle_time});
        std::atomic<int> called = 0;
        int done = 0, cancelled = 0;
        for (int round = 0; round < 20; ++round) {
            std::vector<task<std::string>> tasks;
            for (int i = 0; i < 50; ++i) tasks.push_back(create_task(outcome_of(call_in(&pool, [&] { ++called; }))));
            for (int i = 0; i < round; ++i) co_await sleep(0s);
            for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].cancel();
            for (auto& t : tasks) {
                std::string outcome = "cancelled";
                try {
                    outcome = co_await t;
                } catch (const cancelled_error&) {  // before its first step
                }
                ++(outcome == "done" ? done : cancelled);
            }
        }
        CHECK(done + cancelled == 1000);
        CHECK(done >= 500);
        CHECK(called >= done);
        CHECK(pool.figures().called == static_cast<unsigned>(called));
    };
    run(program(30s));
    run(program(0s));
}
