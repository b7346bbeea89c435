#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/until.hpp"

#include <girin/async_generator.hpp>
#include <girin/gather.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/thread_pool.hpp>

#include <doctest/doctest.h>

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_true;
using girin::test::outcome_of;
using girin::test::run_virtual;

namespace {

using detail::call_in;

// What a thread does at its very end, when it has left its pool.
struct slow_end {
    std::binary_semaphore* may_end = nullptr;
    std::atomic<bool>* was_told = nullptr;
    ~slow_end() {
        if (may_end) *was_told = may_end->try_acquire_for(10s);
    }
};
thread_local slow_end end_of_this_thread;

// A function that says that it runs, and returns when it is told to.
struct blocker {
    std::latch running{1};
    std::latch open{1};
    void operator()() {
        running.count_down();
        open.wait();
    }
};

}  // namespace

TEST_CASE("a pool runs functions in its own threads, which have its name and block no signals") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1, .name = "blocking"});
        auto look = [] {
            char name[16] = {};
            pthread_getname_np(pthread_self(), name, sizeof name);
            sigset_t blocked;
            pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
            return std::pair(std::string(name), sigismember(&blocked, SIGINT) == 1);
        };
        auto seen = co_await call_in(&pool, look);
        CHECK(seen.first == "blocking_0");
        CHECK_FALSE(seen.second);  // what a function starts would inherit it
        sigset_t own;
        pthread_sigmask(SIG_BLOCK, nullptr, &own);
        CHECK(sigismember(&own, SIGINT) == 0);
    });
}

TEST_CASE("results and exceptions of every kind come back") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 2});
        static int object = 0;
        auto owner = co_await call_in(&pool, [] { return std::make_unique<int>(5); });
        CHECK(*owner == 5);
        int& same = co_await call_in(&pool, []() -> int& { return object; });
        CHECK(&same == &object);
        co_await call_in(&pool, [] {});
        CHECK_THROWS_AS(co_await call_in(&pool, [] { throw std::domain_error("x"); }), std::domain_error);
        CHECK_THROWS_AS(co_await call_in(&pool, [] { throw 7; }), int);
    });
}

TEST_CASE("a pool starts no more threads than it needs or may have") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 3});
        std::latch all_run(4);
        auto wait_for_all = [&] { all_run.arrive_and_wait(); };
        auto a = create_task(call_in(&pool, wait_for_all));
        auto b = create_task(call_in(&pool, wait_for_all));
        auto c = create_task(call_in(&pool, wait_for_all));
        co_await sleep(0s);
        const pool_figures now = pool.figures();
        CHECK(now.queued + now.busy == 3);
        all_run.arrive_and_wait();
        co_await gather(a, b, c);
        auto first = co_await call_in(&pool, [] { return std::this_thread::get_id(); });
        auto second = co_await call_in(&pool, [] { return std::this_thread::get_id(); });
        CHECK(first != std::thread::id());
        CHECK(second != std::thread::id());
    });
}

TEST_CASE("a pool takes as many functions as it has threads and places in its queue, and refuses the next") {
    run_virtual([]() -> coro<> {
        for (std::size_t threads : {1, 2, 4})
            for (std::size_t places : {0, 1, 3}) {
                thread_pool pool({.threads = threads, .queue = places});
                std::latch open(1);
                std::vector<task<std::string>> accepted;
                for (std::size_t i = 0; i < threads + places; ++i)
                    accepted.push_back(create_task(outcome_of(call_in(&pool, [&] { open.wait(); }))));
                co_await sleep(0s);
                bool called = false;
                auto refused = co_await outcome_of(call_in(&pool, [&] { called = true; }));
                CHECK(refused == "full");
                open.count_down();
                for (auto& t : accepted) {
                    auto outcome = co_await t;
                    CHECK(outcome == "done");
                }
                CHECK_FALSE(called);
            }
    });
}

TEST_CASE("a pool without a queue takes one function after another") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1, .queue = 0});
        for (int i = 0; i < 1000; ++i) {
            auto outcome = co_await outcome_of(call_in(&pool, [] {}));
            REQUIRE(outcome == "done");
        }
    });
}

TEST_CASE("functions are called in the order in which they were submitted") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        std::string order;
        std::vector<coro<>> calls;
        for (char c = 'a'; c <= 'z'; ++c) calls.push_back(call_in(&pool, [&order, c] { order += c; }));
        co_await gather(std::move(calls));
        CHECK(order == "abcdefghijklmnopqrstuvwxyz");
    });
}

TEST_CASE("a pool that ends waits for what runs, and tells those who wait for what is queued") {
    run_virtual([]() -> coro<> {
        std::atomic<bool> returned = false;
        std::vector<task<std::string>> queued;
        int called = 0;
        task<std::string> ran;
        {
            thread_pool pool({.threads = 1});
            std::latch running(1);
            ran = create_task(outcome_of(call_in(&pool, [&] {
                running.count_down();
                std::this_thread::sleep_for(2ms);
                returned = true;
            })));
            for (int i = 0; i < 1000; ++i) queued.push_back(create_task(outcome_of(call_in(&pool, [&] { ++called; }))));
            co_await sleep(0s);
            running.wait();
        }
        CHECK(returned);
        auto of_running = co_await ran;
        CHECK(of_running == "done");
        int told = 0;
        for (auto& t : queued) {
            auto outcome = co_await t;
            if (outcome == "the thread pool ended before it called the function") ++told;
        }
        CHECK(called + told == 1000);
    });
}

TEST_CASE("a loop that is closed drops its queued functions and waits for the running ones, in any pool") {
    thread_pool pool({.threads = 1});
    std::atomic<bool> returned = false, dropped = false;
    bool called = false;
    auto alive = std::make_shared<int>();
    {
        std::latch running(1), closing(1);
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(call_in(&pool, [&, alive] {
                running.count_down();
                closing.wait();
                dropped = comes_true([&] { return pool.queued() == 0; });
                std::this_thread::sleep_for(20ms);
                returned = true;
            }));
            create_task(call_in(&pool, [&, alive] { called = true; }));
            loop::running().call_soon([&] {
                running.wait();
                CHECK(pool.queued() == 1);
                closing.count_down();
                loop::running().stop();
            });
        });
        l.run_forever();
        l.close();
        CHECK(returned);
        CHECK(dropped);
        CHECK(alive.use_count() == 1);
    }
    CHECK_FALSE(called);
    CHECK(pool.queued() == 0);
}

TEST_CASE("a loop that is closed waits for a function that was called in a generator which somebody holds") {
    thread_pool pool({.threads = 1});
    std::atomic<bool> returned = false;
    std::latch running(1);
    auto call = [&]() -> async_generator<int> {
        co_await call_in(&pool, [&] {
            running.count_down();
            std::this_thread::sleep_for(50ms);
            returned = true;
        });
        co_yield 1;
    };
    std::optional<async_generator<int>> held;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            held.emplace(call());
            create_task([&]() -> coro<> { co_await held->next(); });
            loop::running().call_soon([&] {
                running.wait();
                loop::running().stop();
            });
        });
        l.run_forever();
        l.close();
        CHECK(returned);
    }
    held.reset();
}

TEST_CASE("a generator may be dropped whenever the function that it awaits returns, while others return, too") {
    thread_pool pool({.threads = 3});
    std::atomic<int> called = 0;
    auto body = [&]() -> async_generator<int> {
        for (;;) {
            co_await call_in(&pool, [&] { ++called; });
            co_yield 1;
        }
    };
    loop l;
    l.set_exception_handler([](loop&, const auto&) {});
    auto main = [&]() -> coro<> {
        for (int round = 0; round < 200; ++round) {
            std::optional<async_generator<int>> dropped(body());
            create_task([&]() -> coro<> { co_await dropped->next(); });
            std::vector<coro<>> others;
            for (int i = 0; i < 3; ++i) others.push_back(call_in(&pool, [&] { ++called; }));
            auto all = gather(std::move(others));
            co_await sleep(0s);
            for (int i = 0; i < round % 20; ++i) std::this_thread::yield();
            dropped.reset();
            co_await all;
        }
    };
    l.run_until_complete(main());
    CHECK(called >= 600);
}

TEST_CASE("one pool serves the loops of several threads") {
    thread_pool pool({.threads = 2});
    std::atomic<int> sum = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            auto program = [&]() -> coro<> {
                for (int i = 0; i < 100; ++i) sum += co_await call_in(&pool, [] { return 1; });
            };
            run(program());
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(sum == 400);
}

TEST_CASE("a pool has at most min(32, processors + 4) threads by default") {
    const thread_pool pool({});
    CHECK(pool.figures().most_threads == std::min(32U, std::max(1U, std::thread::hardware_concurrency()) + 4));
    CHECK(pool.figures().threads == 0);
}

TEST_CASE("threads leave when they have been idle for the pool's idle time, and are started again on demand") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 3, .name = "shrinks", .idle_time = 1ms});
        for (int round = 0; round < 3; ++round) {
            std::latch all_run(4);
            std::vector<task<>> calls;
            for (int i = 0; i < 3; ++i)
                calls.push_back(create_task(call_in(&pool, [&] { all_run.arrive_and_wait(); })));
            co_await sleep(0s);
            CHECK(pool.figures().threads == 3);
            all_run.arrive_and_wait();
            co_await gather(std::move(calls));
            CHECK(comes_true([&] { return pool.figures().threads == 0; }));
        }
        auto name = co_await call_in(&pool, [] {
            char own[16] = {};
            pthread_getname_np(pthread_self(), own, sizeof own);
            return std::string(own);
        });
        CHECK(name == "shrinks_0");
    });
}

TEST_CASE("neither the loop nor the next function waits for a thread that has left and is slow to end") {
    run_virtual([]() -> coro<> {
        std::binary_semaphore may_end(0);
        std::atomic<bool> was_told = false;
        thread_pool pool({.threads = 1, .idle_time = 0s});
        co_await call_in(&pool, [&] {
            end_of_this_thread.may_end = &may_end;
            end_of_this_thread.was_told = &was_told;
        });
        CHECK(comes_true([&] { return pool.figures().threads == 0; }));
        bool told_before = co_await call_in(&pool, [&] { return was_told.load(); });
        CHECK_FALSE(told_before);
        may_end.release();
    });
}

TEST_CASE("the thread that was idle last works next, so that the others can leave") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 2, .idle_time = 200ms});
        std::latch both_run(3);
        auto a = create_task(call_in(&pool, [&] { both_run.arrive_and_wait(); }));
        auto b = create_task(call_in(&pool, [&] { both_run.arrive_and_wait(); }));
        co_await sleep(0s);
        both_run.arrive_and_wait();
        co_await gather(a, b);
        bool one_has_left = false;
        for (int i = 0; i < 20'000 && !one_has_left; ++i) {
            co_await call_in(&pool, [] { std::this_thread::sleep_for(1ms); });
            one_has_left = pool.figures().threads == 1;
        }
        CHECK(one_has_left);
    });
}

TEST_CASE("a pool without an idle time serves all the same") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 2, .idle_time = 0s});
        int sum = 0;
        for (int i = 0; i < 200; ++i) sum += co_await call_in(&pool, [] { return 1; });
        CHECK(sum == 200);
    });
}

TEST_CASE("the figures say what a pool does and has done, and how long functions had to wait for a thread") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1, .queue = 2});
        blocker block;
        auto running = create_task(call_in(&pool, std::ref(block)));
        co_await sleep(0s);
        block.running.wait();
        auto first = create_task(call_in(&pool, [] {}));
        auto second = create_task(call_in(&pool, [] {}));
        co_await sleep(0s);
        auto refused = co_await outcome_of(call_in(&pool, [] {}));
        CHECK(refused == "full");
        second.cancel();
        std::this_thread::sleep_for(5ms);
        pool_figures busy = pool.figures();
        CHECK(busy.threads == 1);
        CHECK(busy.most_threads == 1);
        CHECK(busy.busy == 1);
        CHECK(busy.queued == 1);
        CHECK(busy.waiting >= 5ms);
        CHECK(busy.called == 1);
        CHECK(busy.dropped == 1);
        CHECK(busy.refused == 1);
        block.open.count_down();
        co_await gather(running, first);
        pool_figures idle = pool.figures();
        CHECK(idle.busy == 0);
        CHECK(idle.queued == 0);
        CHECK(idle.waiting == 0s);
        CHECK(idle.called == 2);
        CHECK(idle.longest_wait >= 5ms);
        CHECK(idle.waited >= idle.longest_wait);
    });
}

TEST_CASE("a function that asks its own pool for another one, when no thread is free, gets an error and no deadlock") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 2});
        auto nested = [&pool] { return run(call_in(&pool, [] { return 1; })); };
        int one = co_await call_in(&pool, nested);
        CHECK(one == 1);

        blocker block;
        auto other = create_task(call_in(&pool, std::ref(block)));
        co_await sleep(0s);
        block.running.wait();
        bool called = false;
        auto hopeless = [&] { run(call_in(&pool, [&] { called = true; })); };
        CHECK_THROWS_AS(co_await call_in(&pool, hopeless), pool_deadlock);
        CHECK_FALSE(called);
        thread_pool elsewhere({.threads = 1});
        auto to_another = [&] { return run(call_in(&elsewhere, [] { return 2; })); };
        int two = co_await call_in(&pool, to_another);
        CHECK(two == 2);
        CHECK_THROWS_AS(co_await call_in(&pool, [&] { pool.shutdown(); }), pool_deadlock);
        block.open.count_down();
        co_await other;
    });
}

TEST_CASE("a pool that is shut down calls all that it has accepted, and accepts nothing more") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        blocker block;
        auto running = create_task(call_in(&pool, std::ref(block)));
        co_await sleep(0s);
        block.running.wait();
        int called = 0;
        std::vector<task<>> queued;
        for (int i = 0; i < 10; ++i) queued.push_back(create_task(call_in(&pool, [&] { ++called; })));
        co_await sleep(0s);
        std::thread ends([&] { pool.shutdown(); });
        block.open.count_down();
        ends.join();
        CHECK(called == 10);
        co_await running;
        co_await gather(queued);
        auto late = co_await outcome_of(call_in(&pool, [] {}));
        CHECK(late == "cannot schedule new functions after shutdown");
        pool.shutdown();
    });
}

TEST_CASE("a pool that is shut down with cancel_futures calls what it has begun, and refuses what is queued") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        blocker block;
        auto running = create_task(call_in(&pool, std::ref(block)));
        co_await sleep(0s);
        block.running.wait();
        bool called = false;
        auto queued = create_task(call_in(&pool, [&] { called = true; }));
        co_await sleep(0s);
        std::thread ends([&] { pool.shutdown(cancel_futures); });
        std::vector<task<std::string>> probes;
        do {
            probes.push_back(create_task(outcome_of(call_in(&pool, [] {}))));
            co_await sleep(0s);
            co_await sleep(0s);
        } while (!probes.back().done());
        CHECK(probes.back().result() == "cannot schedule new functions after shutdown");
        block.open.count_down();
        ends.join();
        co_await running;
        auto outcome = co_await outcome_of(std::move(queued));
        CHECK(outcome == "the thread pool ended before it called the function");
        CHECK_FALSE(called);
        CHECK(pool.figures().called == 1);
        CHECK(pool.figures().dropped == probes.size());
        co_await gather(std::move(probes));
    });
}
