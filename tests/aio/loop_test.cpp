#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_one_turn;
using girin::test::run_virtual;

TEST_CASE("callbacks run once each, in the order in which they were scheduled") {
    loop l;
    std::string order;
    for (char c : {'a', 'b', 'c'}) l.call_soon([&order, c] { order += c; });
    run_one_turn(l);
    run_one_turn(l);
    CHECK(order == "abc");
}

TEST_CASE("a cancelled callback never runs, and drops what it captured at once") {
    loop l;
    auto captured = std::make_shared<int>();
    bool ran = false;
    handle h = l.call_soon([&ran, captured] { ran = true; });
    h.cancel();
    h.cancel();
    CHECK(captured.use_count() == 1);
    CHECK(h.cancelled());
    run_one_turn(l);
    CHECK_FALSE(ran);
}

TEST_CASE("a callback can be cancelled by one that runs before it in the same turn") {
    loop l;
    bool ran = false;
    handle later;
    l.call_soon([&] { later.cancel(); });
    later = l.call_soon([&] { ran = true; });
    run_one_turn(l);
    CHECK_FALSE(ran);
}

TEST_CASE("cancelling a callback after its run, or during it, changes nothing") {
    loop l;
    int runs = 0;
    handle h;
    h = l.call_soon([&] {
        ++runs;
        h.cancel();
        ++runs;
    });
    run_one_turn(l);
    h.cancel();
    run_one_turn(l);
    CHECK(runs == 2);
}

TEST_CASE("what a cancelled callback captured may cancel it again when it is destroyed") {
    struct cancels {
        handle* h;
        ~cancels() { h->cancel(); }
    };
    loop l;
    handle h;
    h = l.call_soon([c = std::make_shared<cancels>(&h)] {});
    h.cancel();
    CHECK(h.cancelled());
}

TEST_CASE("a timer handle tells its deadline, and a cancelled timer never runs") {
    run_virtual([]() -> coro<> {
        loop& l = loop::running();
        auto captured = std::make_shared<int>();
        auto when = l.time() + 5s;
        bool ran = false;
        timer_handle h = l.call_at(when, [&ran, captured] { ran = true; });
        CHECK(h.when() == when);
        h.cancel();
        CHECK(captured.use_count() == 1);
        co_await sleep(10s);
        CHECK_FALSE(ran);
    });
}

TEST_CASE("a due timer that is only queued can still be cancelled") {
    run_virtual([]() -> coro<> {
        loop& l = loop::running();
        bool ran = false;
        timer_handle second;
        l.call_later(1s, [&] { second.cancel(); });
        second = l.call_later(1s, [&] { ran = true; });
        co_await sleep(2s);
        CHECK_FALSE(ran);
    });
}

TEST_CASE("a delay beyond the end of time never comes, and a deadline at its beginning comes at once") {
    run_virtual([]() -> coro<> {
        loop& l = loop::running();
        bool never = false, at_once = false;
        timer_handle h = l.call_later(loop::duration::max(), [&] { never = true; });
        CHECK(h.when() == loop::time_point::max());
        l.call_at(loop::time_point::min(), [&] { at_once = true; });
        co_await sleep(0s);
        co_await sleep(0s);
        CHECK(at_once);
        co_await sleep(24h * 365 * 100);
        CHECK_FALSE(never);
        h.cancel();
    });
}

TEST_CASE("neither timers nor callbacks can starve each other") {
    run_virtual([]() -> coro<> {
        loop& l = loop::running();
        int turns = 0;
        bool timer_ran = false;
        std::function<void()> again = [&] {
            ++turns;
            if (turns == 10) l.advance(1s);
            if (!timer_ran) l.call_soon(again);
        };
        l.call_soon(again);
        l.call_later(1s, [&] { timer_ran = true; });
        while (!timer_ran) co_await sleep(0s);
        CHECK(turns <= 12);
    });
}

TEST_CASE("an exception from a callback does not stop the turn, nor does one from the exception handler") {
    loop l;
    std::vector<std::string> reported;
    l.set_exception_handler([&](loop& of, const exception_context& context) {
        CHECK(&of == &l);
        reported.push_back(context.message);
        throw std::runtime_error("the test's handler is broken on purpose");
    });
    bool next_ran = false;
    l.call_soon([] { throw 7; });
    l.call_soon([&] { next_ran = true; });
    run_one_turn(l);
    CHECK(reported == std::vector<std::string>{"Exception in callback"});
    CHECK(next_ran);
}

TEST_CASE("keyboard_interrupt from a callback leaves the loop, which can be run again with the rest of the turn") {
    loop l;
    std::string order;
    l.call_soon([&] { order += 'a'; });
    l.call_soon([&] {
        l.call_soon([&] { order += 'c'; });
        throw keyboard_interrupt();
    });
    l.call_soon([&] { order += 'b'; });
    CHECK_THROWS_AS(l.run_forever(), keyboard_interrupt);
    CHECK_FALSE(l.is_running());
    CHECK(order == "a");
    run_one_turn(l);
    CHECK(order == "abc");
}

TEST_CASE("run_until_complete returns the result or raises the exception") {
    loop l;
    auto value = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
    auto failure = []() -> coro<int> {
        throw std::out_of_range("x");
        co_return 0;
    };
    CHECK(*l.run_until_complete(value()) == 5);
    CHECK_THROWS_AS(l.run_until_complete(failure()), std::out_of_range);
}

TEST_CASE("run_until_complete leaves the value to others who hold the future") {
    loop l;
    auto make = []() -> coro<task<std::string>> {
        auto text = []() -> coro<std::string> { co_return std::string(100, 'x'); };
        co_return create_task(text());
    };
    task<std::string> t = l.run_until_complete(make());
    CHECK(l.run_until_complete(t).size() == 100);
    CHECK(l.run_until_complete(t).size() == 100);
    CHECK(t.result().size() == 100);
}

TEST_CASE("run_until_complete raises when the loop is stopped first, and the future can be awaited later") {
    loop l;
    int steps = 0;
    auto work = [&]() -> coro<int> {
        ++steps;
        loop::running().stop();
        co_await sleep(0s);
        co_return ++steps;
    };
    task<int> t;
    auto start = [&]() -> coro<int> {
        t = create_task(work());
        co_return co_await t;
    };
    CHECK_THROWS_WITH_AS(l.run_until_complete(start()), "Event loop stopped before Future completed.",
                         std::runtime_error);
    CHECK(l.run_until_complete(t) == 2);
}

TEST_CASE("run_until_complete starts its coroutine in the first turn, behind what is queued") {
    loop l;
    std::string order;
    l.call_soon([&] {
        order += 'a';
        l.call_soon([&] { order += 'c'; });
    });
    auto work = [&]() -> coro<> {
        order += 'b';
        co_await sleep(0s);
    };
    l.run_until_complete(work());
    CHECK(order == "abc");
}

TEST_CASE("run_until_complete refuses a future of a different loop") {
    loop a, b;
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> f = a.run_until_complete(make());
    CHECK_THROWS_AS(b.run_until_complete(f), std::invalid_argument);
}

TEST_CASE("a run_until_complete that an exception ends leaves nothing behind that runs later") {
    loop l;
    auto quick = []() -> coro<int> { co_return 1; };
    l.call_soon([] { throw keyboard_interrupt(); });
    CHECK_THROWS_AS(l.run_until_complete(quick()), keyboard_interrupt);
    CHECK(l.run_until_complete(quick()) == 1);
}

TEST_CASE("a loop does not run inside itself or inside another one") {
    loop l;
    bool asked = false;
    l.call_soon([&] {
        loop other;
        CHECK_THROWS_AS(l.run_forever(), std::runtime_error);
        CHECK_THROWS_AS(other.run_forever(), std::runtime_error);
        CHECK_THROWS_AS(l.close(), std::runtime_error);
        asked = true;
    });
    run_one_turn(l);
    CHECK(asked);
}

TEST_CASE("running() and current_task() know where they are called") {
    CHECK_THROWS_AS(loop::running(), std::runtime_error);
    CHECK_THROWS_AS(current_task(), std::runtime_error);
    CHECK_THROWS_AS(create_future<int>(), std::runtime_error);
    loop l;
    l.call_soon([&] {
        CHECK(&loop::running() == &l);
        CHECK_FALSE(current_task());
    });
    run_one_turn(l);
    CHECK_THROWS_AS(loop::running(), std::runtime_error);
}

TEST_CASE("close discards what is scheduled without running it, and is idempotent") {
    auto captured = std::make_shared<int>();
    bool ran = false;
    handle kept;
    {
        loop l;
        l.call_soon([&ran, captured] { ran = true; });
        kept = l.call_later(1s, [&ran, captured] { ran = true; });
        l.call_soon_threadsafe([&ran, captured] { ran = true; });
        CHECK(captured.use_count() == 4);
        l.close();
        CHECK(captured.use_count() == 1);
        CHECK(l.is_closed());
        l.close();
    }
    CHECK_FALSE(ran);
    kept.cancel();
}

TEST_CASE("a callback that holds its own handle does not outlive the loop") {
    auto captured = std::make_shared<int>();
    {
        loop l;
        auto own = std::make_shared<handle>();
        *own = l.call_later(1h, [own, captured] {});
    }
    CHECK(captured.use_count() == 1);
}

TEST_CASE("a closed loop refuses everything, and a coroutine that it refuses is not started") {
    loop l;
    l.close();
    bool started = false;
    auto body = [&started]() -> coro<> {
        started = true;
        co_return;
    };
    CHECK_THROWS_WITH_AS(l.call_soon([] {}), "Event loop is closed", std::runtime_error);
    CHECK_THROWS_WITH_AS(l.call_later(1s, [] {}), "Event loop is closed", std::runtime_error);
    CHECK_THROWS_WITH_AS(l.call_at({}, [] {}), "Event loop is closed", std::runtime_error);
    CHECK_THROWS_WITH_AS(l.call_soon_threadsafe([] {}), "Event loop is closed", std::runtime_error);
    CHECK_THROWS_WITH_AS(l.run_forever(), "Event loop is closed", std::runtime_error);
    CHECK_THROWS_WITH_AS(l.run_until_complete(body()), "Event loop is closed", std::runtime_error);
    CHECK_FALSE(started);
}

TEST_CASE("loops of several threads do not disturb each other") {
    std::vector<std::thread> threads;
    std::atomic<int> sum = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&sum] {
            auto work = []() -> coro<int> {
                int turns = 0;
                for (int i = 0; i < 1000; ++i) {
                    co_await sleep(0s);
                    ++turns;
                }
                co_return turns;
            };
            sum += run(work());
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(sum == 4000);
}

TEST_CASE("1.11 cancelled() tells whether cancel was called, also when the callback has run") {
    loop l;
    handle h = l.call_soon([] {});
    CHECK_FALSE(h.cancelled());
    run_one_turn(l);
    CHECK_FALSE(h.cancelled());
    h.cancel();
    CHECK(h.cancelled());
}

TEST_CASE("1.06 1.12 a negative delay means the next turn, and when() is the deadline") {
    loop l({.virtual_time = true});
    bool ran = false;
    l.call_later(-1s, [&] { ran = true; });
    timer_handle later = l.call_later(5s, [] {});
    CHECK(later.when() == l.time() + 5s);
    run_one_turn(l);
    CHECK(ran);
}

TEST_CASE("1.13 a timer that is cancelled is taken out at once") {
    run_virtual([]() -> coro<> {
        loop& l = loop::running();
        std::vector<timer_handle> timers;
        for (int i = 0; i < 200; ++i) timers.push_back(l.call_later(1h, [] {}));
        for (int i = 0; i < 150; ++i) timers[i].cancel();
        CHECK(l.figures().timers == 50);
        for (auto& timer : timers) timer.cancel();
        CHECK(l.figures().timers == 0);
        co_return;
    });
}
