#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/until.hpp"

#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_to_wait;
using girin::test::comes_true;
using girin::test::run_virtual;

namespace {

// Runs the callbacks that are queued now.
void run_one_turn(loop& l) {
    l.stop();
    l.run_forever();
}

}  // namespace

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

TEST_CASE("call_soon_threadsafe wakes a loop that waits, and keeps the order of each thread") {
    constexpr int threads = 8, each = 500;
    loop l;
    std::vector<int> last(threads, -1);
    int ran = 0;
    bool in_order = true;
    std::vector<std::thread> callers;
    l.call_soon([&] {
        for (int t = 0; t < threads; ++t)
            callers.emplace_back([&, t] {
                for (int i = 0; i < each; ++i)
                    l.call_soon_threadsafe([&, t, i] {
                        in_order = in_order && last[static_cast<std::size_t>(t)] == i - 1;
                        last[static_cast<std::size_t>(t)] = i;
                        if (++ran == threads * each) l.stop();
                    });
            });
    });
    l.run_forever();
    for (std::thread& caller : callers) caller.join();
    CHECK(ran == threads * each);
    CHECK(in_order);
}

TEST_CASE("call_soon_threadsafe from the loop's own thread joins the queue behind call_soon") {
    loop l;
    std::string order;
    l.call_soon([&] { order += 'a'; });
    l.call_soon_threadsafe([&] { order += 'b'; });
    run_one_turn(l);
    CHECK(order == "ab");
}

TEST_CASE("a callback from another thread can be cancelled on the loop's thread before it runs") {
    loop l;
    bool ran = false;
    handle h;
    std::thread([&] { h = l.call_soon_threadsafe([&] { ran = true; }); }).join();
    h.cancel();
    run_one_turn(l);
    CHECK_FALSE(ran);
}

TEST_CASE("2.05 another thread may cancel its callback, which then never runs, and is dropped by the loop's thread") {
    loop l;
    bool ran = false;
    std::thread::id dropped_in;
    std::shared_ptr<void> capture(nullptr, [&](void*) { dropped_in = std::this_thread::get_id(); });
    handle h = l.call_soon_threadsafe([&ran, capture = std::move(capture)] { ran = true; });
    std::thread([&] { h.cancel(); }).join();
    CHECK(h.cancelled());
    CHECK(dropped_in == std::thread::id());
    run_one_turn(l);
    CHECK_FALSE(ran);
    CHECK(dropped_in == std::this_thread::get_id());
    h.cancel();
}

TEST_CASE("2.05 cancelling a callback that runs waits for its end, but not inside it") {
    loop l;
    std::atomic<bool> started = false, ended = false;
    std::atomic<int> canceller = 0;
    bool canceller_waits = false, ended_when_cancelled = false;
    handle h = l.call_soon_threadsafe([&] {
        h.cancel();
        started = true;
        canceller_waits = comes_true([&] { return canceller != 0; }) && comes_to_wait(canceller);
        ended = true;
    });
    std::thread other([&] {
        while (!started) std::this_thread::yield();
        canceller = ::gettid();
        h.cancel();
        ended_when_cancelled = ended;
    });
    run_one_turn(l);
    other.join();
    CHECK(canceller_waits);
    CHECK(ended_when_cancelled);
    CHECK(h.cancelled());
    h.cancel();
}

TEST_CASE("threads that call a loop while it is closed either succeed or are told so") {
    for (int round = 0; round < 20; ++round) {
        loop l;
        std::atomic<int> refused = 0;
        std::vector<std::thread> callers;
        for (int t = 0; t < 4; ++t)
            callers.emplace_back([&] {
                for (;;) {
                    try {
                        l.call_soon_threadsafe([] {});
                    } catch (const std::runtime_error&) {
                        ++refused;
                        return;
                    }
                }
            });
        run_one_turn(l);
        l.close();
        for (std::thread& caller : callers) caller.join();
        CHECK(refused == 4);
    }
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
