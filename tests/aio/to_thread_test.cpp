#include "tests/support/full_pool.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"

#include <girin/default_executor.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::full_pool;
using girin::test::outcome_of;
using girin::test::run_virtual;

namespace {

int add(int a, int b) {
    return a + b;
}

}  // namespace

TEST_CASE("to_thread passes arguments by value and brings back results and exceptions") {
    run_virtual([]() -> coro<> {
        int sum = co_await to_thread(add, 2, 3);
        CHECK(sum == 5);
        auto owner = co_await to_thread([](std::unique_ptr<int> n) { return n; }, std::make_unique<int>(1));
        CHECK(*owner == 1);
        CHECK_THROWS_AS(co_await to_thread([] { throw std::domain_error("x"); }), std::domain_error);
        auto of_method = co_await to_thread(&std::string::size, std::string("four"));
        CHECK(of_method == 4);
        int abandoned = co_await to_thread(abandon, add, 2, 3);
        CHECK(abandoned == 5);
        CHECK_THROWS_AS(co_await to_thread(abandon, [] { throw std::domain_error("x"); }), std::domain_error);
        auto moved = co_await to_thread(abandon, [](std::unique_ptr<int> n) { return n; }, std::make_unique<int>(7));
        CHECK(*moved == 7);
    });
}

TEST_CASE("nothing is submitted before to_thread is awaited") {
    run_virtual([]() -> coro<> {
        bool called = false;
        {
            auto never = to_thread([&] { called = true; });
            auto never_either = to_thread(abandon, [&] { called = true; });
            co_await sleep(1s);
        }
        CHECK_FALSE(called);
    });
}

TEST_CASE("the loop goes on while a function runs") {
    run_virtual([]() -> coro<> {
        std::binary_semaphore go(0);
        auto t = create_task(to_thread([&] { go.acquire(); }));
        for (int i = 0; i < 100; ++i) co_await sleep(0s);
        CHECK_FALSE(t.done());
        go.release();
        co_await t;
    });
}

TEST_CASE("a queued function whose await is cancelled never runs, abandoned or not") {
    run_virtual([]() -> coro<> {
        full_pool pool;
        co_await pool.fill();
        std::atomic<int> called = 0;
        auto alive = std::make_shared<int>();
        auto count = [&called, alive] { ++called; };
        auto plain = create_task(outcome_of(to_thread(count)));
        auto abandoned = create_task(outcome_of(to_thread(abandon, count)));
        co_await sleep(0s);
        plain.cancel();
        abandoned.cancel();
        auto of_plain = co_await plain;
        auto of_abandoned = co_await abandoned;
        CHECK(of_plain == "cancelled");
        CHECK(of_abandoned == "cancelled");
        CHECK(alive.use_count() == 2);
        co_await pool.empty();
        CHECK(called == 0);
    });
}

TEST_CASE("an abandoned function owns its copies until it has returned, and then they are freed on the loop") {
    run_virtual([]() -> coro<> {
        struct freed_here {
            std::thread::id* freed_by;
            freed_here(std::thread::id* id) : freed_by(id) {}
            freed_here(freed_here&& other) noexcept : freed_by(std::exchange(other.freed_by, nullptr)) {}
            ~freed_here() {
                if (freed_by) *freed_by = std::this_thread::get_id();
            }
        };
        std::latch running(1), open(1);
        std::thread::id freed_by;
        auto t = create_task(to_thread(abandon, [&, guard = freed_here(&freed_by)] {
            running.count_down();
            open.wait();
        }));
        co_await sleep(0s);
        running.wait();
        t.cancel();
        auto outcome = co_await outcome_of(std::move(t));
        CHECK(outcome == "cancelled");
        CHECK(freed_by == std::thread::id());
        open.count_down();
        while (freed_by == std::thread::id()) co_await to_thread([] {});
        CHECK(freed_by == std::this_thread::get_id());
    });
}

TEST_CASE("a cancelled task that awaits an abandoned function in the turn of its completion frees it once") {
    run_virtual([]() -> coro<> {
        for (int round = 0; round < 100; ++round) {
            auto alive = std::make_shared<int>();
            auto t = create_task(outcome_of(to_thread(abandon, [alive] {})));
            for (int i = 0; i < 1 + round % 3; ++i) co_await sleep(0s);
            const thread_pool& pool = default_executor();
            while (pool.queued() != 0 || pool.busy() != 0) std::this_thread::yield();
            if (round % 2) co_await sleep(0s);
            t.cancel();
            co_await t;
            co_await sleep(0s);
            CHECK(alive.use_count() == 1);
        }
    });
}

TEST_CASE("run waits for abandoned functions, and they may use the loop until the end") {
    std::atomic<bool> answered = false;
    std::latch running(1);
    auto program = [&]() -> coro<> {
        loop& l = loop::running();
        auto t = create_task(to_thread(abandon, [&running, &answered, &l] {
            running.count_down();
            std::binary_semaphore answer(0);
            l.call_soon_threadsafe([&] { answer.release(); });
            answered = answer.try_acquire_for(10s);
        }));
        co_await sleep(0s);
        running.wait();
        t.cancel();
    };
    run(program());
    CHECK(answered);
}

TEST_CASE("a loop that is closed waits for running functions and forgets queued ones, abandoned or not") {
    auto alive = std::make_shared<int>();
    std::atomic<int> returned = 0;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        std::latch running(2);
        auto blocking = [&, alive] {
            running.count_down();
            std::this_thread::sleep_for(2ms);
            ++returned;
        };
        l.call_soon([&] {
            create_task(to_thread(blocking));
            create_task(to_thread(abandon, blocking));
            loop::running().call_soon([&] {
                running.wait();
                for (int i = 0; i < 100; ++i) create_task(to_thread(abandon, [alive] {}));
                loop::running().call_soon([] { loop::running().stop(); });
            });
        });
        l.run_forever();
    }
    CHECK(returned == 2);
    CHECK(alive.use_count() == 1);
}

TEST_CASE("a loop that is closed while its pool is shut down frees what abandoned functions own") {
    auto alive = std::make_shared<int>();
    std::latch running(1), open(1);
    std::thread opener;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            auto abandoned = create_task(to_thread(abandon, [&, alive] {
                running.count_down();
                open.wait();
            }));
            loop::running().call_soon([&, abandoned] {
                running.wait();
                abandoned.cancel();
                create_task(shutdown_default_executor());
                loop::running().call_later(0s, [] { loop::running().stop(); });
            });
        });
        l.run_forever();
        opener = std::thread([&] { open.count_down(); });
    }
    opener.join();
    CHECK(alive.use_count() == 1);
}

TEST_CASE("21.05 what an abandoned function raises when nobody waits any more is dropped silently") {
    int reported = 0;
    std::latch running(1), open(1);
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto&) { ++reported; });
        auto t = create_task(to_thread(abandon, [&] {
            running.count_down();
            open.wait();
            throw std::domain_error("x");
        }));
        co_await sleep(0s);
        running.wait();
        t.cancel();
        auto outcome = co_await outcome_of(std::move(t));
        CHECK(outcome == "cancelled");
        open.count_down();
        co_await shutdown_default_executor();
        co_await sleep(0s);
    });
    CHECK(reported == 0);
}
