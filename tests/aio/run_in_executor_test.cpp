#include "tests/support/run_virtual.hpp"

#include <girin/gather.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

// A pool of one thread, which is busy until it is opened.
struct busy_pool {
    thread_pool pool{{.threads = 1, .queue = 2}};
    std::latch running{1};
    std::latch open{1};
    task<> blocker = run_in_executor(pool, [this] {
        running.count_down();
        open.wait();
    });
    busy_pool() { running.wait(); }
};

}  // namespace

TEST_CASE("a function runs in a thread of the given pool, and its result or exception is the await's") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        auto where = co_await run_in_executor(pool, [] { return std::this_thread::get_id(); });
        CHECK(where != std::this_thread::get_id());
        int sum = co_await run_in_executor(pool, [](int a, int b) { return a + b; }, 2, 3);
        CHECK(sum == 5);
        auto owner = co_await run_in_executor(pool, [](std::unique_ptr<int> n) { return n; }, std::make_unique<int>(7));
        CHECK(*owner == 7);
        auto size = co_await run_in_executor(pool, &std::string::size, std::string("four"));
        CHECK(size == 4);
        CHECK_THROWS_AS(co_await run_in_executor(pool, [] { throw std::domain_error("x"); }), std::domain_error);
    });
}

TEST_CASE("run_in_executor submits when it is called, and not when it is awaited") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        std::latch called(1);
        auto t = run_in_executor(pool, [&] { called.count_down(); });
        called.wait();
        CHECK_FALSE(t.done());  // the loop has not turned
        co_await t;
    });
}

TEST_CASE("a cancelled task drops a function that is queued, and waits for one that runs") {
    run_virtual([]() -> coro<> {
        busy_pool busy;
        bool called = false;
        auto queued = run_in_executor(busy.pool, [&] { called = true; });
        CHECK(busy.pool.queued() == 1);
        queued.cancel();
        CHECK(busy.pool.queued() == 0);
        CHECK_THROWS_AS(co_await queued, cancelled_error);
        busy.blocker.cancel();
        co_await sleep(0s);
        CHECK_FALSE(busy.blocker.done());
        busy.open.count_down();
        CHECK_THROWS_AS(co_await busy.blocker, cancelled_error);
        CHECK_FALSE(called);
    });
}

TEST_CASE("a task that awaits it hands its cancellation on") {
    run_virtual([]() -> coro<> {
        busy_pool busy;
        bool called = false;
        auto waits = create_task([&]() -> coro<> { co_await run_in_executor(busy.pool, [&] { called = true; }); });
        co_await sleep(0s);
        waits.cancel();
        CHECK_THROWS_AS(co_await waits, cancelled_error);
        busy.open.count_down();
        co_await busy.blocker;
        CHECK_FALSE(called);
    });
}

TEST_CASE("what the pool does not accept raises at the await") {
    run_virtual([]() -> coro<> {
        busy_pool busy;
        auto a = run_in_executor(busy.pool, [] {});
        auto b = run_in_executor(busy.pool, [] {});
        CHECK_THROWS_AS(co_await run_in_executor(busy.pool, [] {}), pool_full);
        busy.open.count_down();
        co_await gather(busy.blocker, a, b);
        busy.pool.shutdown();
        CHECK_THROWS_AS(co_await run_in_executor(busy.pool, [] {}), std::runtime_error);
    });
}

TEST_CASE("outside of a running loop there is nobody to bring the result to") {
    thread_pool pool({.threads = 1});
    bool called = false;
    CHECK_THROWS_AS(run_in_executor(pool, [&] { called = true; }), std::runtime_error);
    pool.shutdown();
    CHECK_FALSE(called);
}
