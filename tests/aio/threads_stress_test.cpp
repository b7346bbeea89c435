// Cancels what waits for a function in a thread at every await in turn, once and twice: no function runs on unasked,
// and the next one is served.
#include "tests/support/cancel_everywhere.hpp"
#include "tests/support/turns.hpp"
#include "tests/support/until.hpp"

#include <girin/getaddrinfo.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/thread_pool.hpp>
#include <girin/timeout.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::cancel_everywhere;
using girin::test::stress_program;
using girin::test::tasks_of;
using girin::test::token;
using girin::test::turns;
using girin::test::until;

namespace {

// When the await has ended, no function runs, and the pool serves the next.
struct thread_calls : stress_program {
    std::atomic<int> begun = 0, ended = 0;

    coro<> run(token) {
        auto function = [this] {
            ++begun;
            std::this_thread::sleep_for(100us);
            ++ended;
            return 3;
        };
        int first = co_await to_thread(function);
        int second = co_await wait_for(to_thread(function), 1h);
        CHECK(first + second == 6);
    }
    coro<> check(const tasks_of&) {
        CHECK(begun == ended);
        int next = co_await to_thread([] { return 7; });
        CHECK(next == 7);
    }
};

// An abandoned function goes on with what it has, and frees it.
struct abandoned_calls : stress_program {
    std::weak_ptr<int> alive;

    coro<> run(token t) {
        alive = t;
        for (int i = 0; i < 2; ++i) {
            int result = co_await to_thread(abandon, [](const token& held) { return held ? 3 : 0; }, t);
            CHECK(result == 3);
        }
    }
    coro<> check(const tasks_of&) {
        int next = co_await to_thread([] { return 7; });
        CHECK(next == 7);
        co_await until([this] { return alive.use_count() <= 1; }, "an abandoned function has ended");
    }
};

struct executor_calls : stress_program {
    thread_pool pool{{.threads = 1, .queue = 4}};
    std::atomic<int> begun = 0, ended = 0;

    coro<> run(token) {
        auto function = [this] {
            ++begun;
            std::this_thread::sleep_for(50us);
            ++ended;
        };
        auto first = run_in_executor(pool, function);
        auto second = run_in_executor(pool, function);
        co_await second;
        co_await first;
    }
    coro<> check(const tasks_of&) {
        co_await run_in_executor(pool, [] {});
        co_await turns(2);
        CHECK(begun == ended);
    }
};

struct lookups : stress_program {
    coro<> run(token) {
        auto numeric = co_await getaddrinfo("127.0.0.1", 80);
        auto named = co_await getaddrinfo("localhost", 80);
        CHECK_FALSE(numeric.empty());
        CHECK_FALSE(named.empty());
    }
    coro<> check(const tasks_of&) {
        auto again = co_await getaddrinfo("127.0.0.1", 80);
        CHECK_FALSE(again.empty());
    }
};

}  // namespace

TEST_CASE("whenever who awaits a function in a thread is cancelled, no function runs on unasked") {
    CHECK(cancel_everywhere<thread_calls>() > 40);
    CHECK(cancel_everywhere<abandoned_calls>() > 40);
    CHECK(cancel_everywhere<executor_calls>() > 40);
}

TEST_CASE("whenever a look-up is cancelled, the next one works") {
    CHECK(cancel_everywhere<lookups>() > 10);
}
