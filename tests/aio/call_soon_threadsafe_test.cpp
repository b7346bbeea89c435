#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"
#include "tests/support/until.hpp"

#include <girin/loop.hpp>
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
using girin::test::comes_to_wait;
using girin::test::comes_true;
using girin::test::run_one_turn;
using girin::test::run_virtual;
using namespace std::chrono_literals;

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

TEST_CASE("2.02 what another thread has scheduled before comes before the loop's own call_soon") {
    run_virtual([]() -> coro<> {
        std::string order;
        loop& l = loop::running();
        std::thread([&] { l.call_soon_threadsafe([&] { order += 'x'; }); }).join();
        l.call_soon([&] { order += 'y'; });
        co_await sleep(0s);
        co_await sleep(0s);
        CHECK(order == "xy");
    });
}

TEST_CASE("2.03 in the loop's own thread call_soon_threadsafe keeps its place among call_soon's") {
    loop l;
    std::string order;
    const auto schedule = [&] {
        l.call_soon_threadsafe([&] { order += 'a'; });
        l.call_soon([&] { order += 'b'; });
        l.call_soon_threadsafe([&] { order += 'c'; });
    };
    schedule();
    run_one_turn(l);
    CHECK(order == "abc");
    l.call_soon(schedule);
    run_one_turn(l);
    run_one_turn(l);
    CHECK(order == "abcabc");
}
