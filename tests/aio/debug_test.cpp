#include "tests/support/compiler.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"
#include "tests/support/written_by.hpp"

#include <girin/async_generator.hpp>
#include <girin/event.hpp>
#include <girin/lock.hpp>
#include <girin/loop.hpp>
#include <girin/queue.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::anonymous;
using girin::test::begins_at_its_end;
using girin::test::turns;
using girin::test::written_by;

namespace {

// What the program has the loop report in debug mode.
template <class Program>
std::vector<exception_context> reports_of(Program program) {
    std::vector<exception_context> reports;
    auto main = [&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reports.push_back(context); });
        co_await program();
    };
    run(main(), {.virtual_time = true, .debug = true});
    return reports;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

// Takes so much of the thread's time.
void hog(std::chrono::nanoseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
    }
}

constexpr unsigned above = std::source_location::current().line();
coro<> hogs() {
    co_await sleep(0s);
    hog(20ms);
    co_await sleep(0s);
}

coro<int> answers() {
    co_return 42;
}
async_generator<int> numbers() {
    co_yield 1;
    co_yield 2;
}

template <class F>
concept is_callback =
    requires(loop& l, F f) { l.call_soon(f); } || requires(loop& l, F f) { l.call_later(1s, f); } ||
    requires(loop& l, F f) { l.call_at({}, f); } || requires(loop& l, F f) { l.call_soon_threadsafe(f); } ||
    requires(loop& l, F f) { l.add_signal_handler(1, f); };

}  // namespace

TEST_CASE("debug mode is what the options say, else what GIRIN_DEBUG says, and can be switched") {
    CHECK_FALSE(loop().get_debug());
    CHECK(loop({.debug = true}).get_debug());
    ::setenv("GIRIN_DEBUG", "1", 1);
    CHECK(loop().get_debug());
    CHECK_FALSE(loop({.debug = false}).get_debug());
    ::setenv("GIRIN_DEBUG", "0", 1);
    CHECK_FALSE(loop().get_debug());
    ::unsetenv("GIRIN_DEBUG");
    loop l;
    l.set_debug(true);
    CHECK(l.get_debug());
}

TEST_CASE("a step of a task that takes long is reported with task, coroutine and line") {
    const auto reports = reports_of([]() -> coro<> {
        loop::running().set_slow_callback_duration(10ms);
        co_await create_task(hogs(), {.name = "hog"});
    });
    REQUIRE(reports.size() >= 1);
    CHECK(has(reports[0].message, "Executing Task 'hog' in " + anonymous + "hogs ("));
    CHECK(has(reports[0].message, "debug_test.cpp:" + std::to_string(above + 4) + ") took 0.0"));
    CHECK(reports[0].message.ends_with(" seconds"));
}

TEST_CASE("a callback that takes long is reported with the line that scheduled it") {
    const unsigned line = std::source_location::current().line();
    const auto reports = reports_of([]() -> coro<> {
        loop::running().set_slow_callback_duration(10ms);
        loop::running().call_soon([] { hog(20ms); });
        loop::running().call_later(1s, [] { hog(20ms); });
        co_await sleep(2s);
    });
    REQUIRE(reports.size() >= 2);
    for (unsigned i : {0U, 1U})
        CHECK(has(reports[i].message, "debug_test.cpp:" + std::to_string(line + 3 + i) + ") took 0.0"));
}

TEST_CASE("what takes less than slow_callback_duration is not reported, and without debug mode nothing is") {
    CHECK(loop().slow_callback_duration() == 100ms);
    CHECK(reports_of([]() -> coro<> {
              loop::running().set_slow_callback_duration(1h);
              co_await hogs();
          }).empty());
    CHECK(reports_of([]() -> coro<> {
              loop::running().set_debug(false);
              loop::running().set_slow_callback_duration(1ms);
              co_await turns(2);
              const auto slowest = loop::running().figures().slowest_callback;
              co_await hogs();
              CHECK(loop::running().figures().slowest_callback == slowest);
          }).empty());
    CHECK_FALSE(reports_of([]() -> coro<> {
                    loop::running().set_debug(false);
                    loop::running().set_debug(true);
                    loop::running().set_slow_callback_duration(1ms);
                    co_await hogs();
                }).empty());
}

TEST_CASE("a coroutine that was never awaited is reported with the place of its function") {
    const auto reports = reports_of([]() -> coro<> {
        static_cast<void>(answers());
        co_await answers();
    });
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].message == "coroutine '" + anonymous + "answers' was never awaited");
    REQUIRE(reports[0].call_stack.size() == 1);
    CHECK(reports[0].call_stack[0].line() == above + (begins_at_its_end ? 9 : 7));
}

TEST_CASE("in debug mode a loop that runs refuses callbacks from other threads, but for those that are safe") {
    const auto reports = reports_of([]() -> coro<> {
        loop& here = loop::running();
        std::string refusal;
        bool called = false;
        std::thread([&] {
            try {
                here.call_soon([] {});
            } catch (const std::runtime_error& e) {
                refusal = e.what();
            }
            here.call_soon_threadsafe([&] { called = true; });
        }).join();
        CHECK(has(refusal, "Non-thread-safe operation invoked on an event loop other than the current one"));
        co_await turns(3);
        CHECK(called);
    });
    CHECK(reports.empty());
}

TEST_CASE("figures count turns and what is scheduled, and tell how late timers are") {
    loop l;
    l.run_until_complete([]() -> coro<> {
        loop& here = loop::running();
        const loop_figures before = here.figures();
        co_await turns(10);
        CHECK(here.figures().turns >= before.turns + 10);
        auto waiting = create_task(sleep(1h));
        here.call_soon([] {});
        CHECK(here.figures().ready == 2);
        CHECK(here.figures().tasks == 2);
        co_await turns(1);
        CHECK(here.figures().timers == 1);
        co_await turns(1);  // the clock is looked at while a timer is armed
        here.call_later(1ms, [] {});
        hog(20ms);
        co_await sleep(2ms);
        std::uint64_t late = 0;
        for (std::size_t i = 14; i < here.figures().lag.size(); ++i) late += here.figures().lag[i];
        CHECK(late >= 1);
        CHECK(here.figures().longest_turn >= 20ms);
        waiting.cancel();
    }());
}

TEST_CASE("in debug mode the figures name the slowest callback") {
    run(
        []() -> coro<> {
            co_await create_task(hogs(), {.name = "hog"});
            const loop_figures figures = loop::running().figures();
            CHECK(figures.slowest_callback >= 20ms);
            CHECK(has(figures.slowest_callback_name, "Task 'hog' in " + anonymous + "hogs ("));
        }(),
        {.debug = true});
}

TEST_CASE("a task that a callback starts eagerly is named when it is slow") {
    const auto reports = reports_of([]() -> coro<> {
        loop::running().set_slow_callback_duration(10ms);
        auto eager = []() -> coro<> {
            hog(20ms);
            co_return;
        };
        loop::running().call_soon([&] { create_task(eager(), {.name = "eager", .eager_start = true}); });
        co_await turns(2);
    });
    REQUIRE(reports.size() >= 1);
    CHECK(has(reports[0].message, "Executing Task 'eager' in "));
}

TEST_CASE("in debug mode what tasks wait for cannot be completed from another thread") {
    const auto reports = reports_of([]() -> coro<> {
        auto gate = create_future();
        event happened;
        lock held;
        queue<int> items;
        auto waiting = create_task([&]() -> coro<> { co_await gate; });
        auto waits = create_task([&]() -> coro<> { co_await happened.wait(); });
        auto gets = create_task([&]() -> coro<> { co_await items.get(); });
        co_await held.acquire();
        auto acquires = create_task([&]() -> coro<> { co_await held.acquire(); });
        co_await turns(1);
        int refused = 0;
        const auto refuses = [&](auto&& call) {
            try {
                call();
            } catch (const std::runtime_error& e) {
                if (has(e.what(), "Non-thread-safe operation")) ++refused;
            }
        };
        loop& here = loop::running();
        std::thread([&] {
            refuses([&] { gate.set_result(); });
            refuses([&] { gate.set_exception(std::domain_error("x")); });
            refuses([&] { gate.cancel(); });
            refuses([&] { waiting.cancel(); });
            refuses([&] { happened.set(); });
            refuses([&] { items.put_nowait(1); });
            refuses([&] { held.release(); });
            refuses([&] { here.call_later(1s, [] {}); });
            refuses([&] { here.call_at({}, [] {}); });
        }).join();
        CHECK(refused == 9);
        CHECK_FALSE(gate.done());
        co_await turns(2);
        for (const auto* t : {&waiting, &waits, &gets, &acquires}) CHECK_FALSE(t->done());

        gate.set_result();  // here all of it works as if nothing had been tried
        happened.set();
        items.put_nowait(1);
        held.release();
        co_await wait(std::vector{waiting, waits, gets, acquires});
        for (const auto* t : {&waiting, &waits, &gets, &acquires}) CHECK(t->done());
        CHECK(items.empty());
        CHECK(held.locked());
    });
    CHECK(reports.empty());
}

TEST_CASE("in debug mode a guard that another thread releases is told on stderr, and the lock stays as it was") {
    std::string written;
    const auto reports = reports_of([&]() -> coro<> {
        lock held;
        auto guard = co_await held.acquire_guard();
        auto waits = create_task([&]() -> coro<> { co_await held.acquire(); });
        co_await turns(1);
        written =
            written_by([&] { std::thread([g = std::move(guard)]() mutable { auto gone = std::move(g); }).join(); });
        CHECK(held.locked());
        held.release();
        co_await waits;
    });
    CHECK(has(written, "a guard could not release what it holds: Non-thread-safe operation"));
    CHECK(reports.empty());
}

TEST_CASE("12.20 10.07 what a group refuses, or what has no time to start, is not reported as never awaited") {
    const auto reports = reports_of([]() -> coro<> {
        std::optional<task_group> ended;
        co_await task_group::run([&](task_group& group) -> coro<> {
            ended = group;
            co_return;
        });
        CHECK_THROWS_AS(ended->create_task(answers()), std::runtime_error);
        CHECK_THROWS_AS(ended->create_task(answers), std::runtime_error);
        CHECK_THROWS_AS(co_await wait_for(answers(), 0s), timeout_error);
        queue<int> items;
        CHECK_THROWS_AS(co_await wait_for(items.get(), 0s), timeout_error);
        auto closed = answers();
        closed.close();
        CHECK_FALSE(closed);
    });
    CHECK(reports.empty());
}

TEST_CASE("23.09 a generator that is dropped at its co_yield is reported, as clean-up that awaits does not run") {
    const auto reports = reports_of([]() -> coro<> {
        {
            auto never_started = numbers();
        }
        {
            auto left_early = numbers();
            co_await left_early.next();
        }
        {
            auto closed = numbers();
            co_await closed.next();
            co_await closed.aclose();
        }
        auto ended = numbers();
        while (co_await ended.next()) {
        }
    });
    REQUIRE(reports.size() == 1);
    CHECK(has(reports[0].message, "async generator '" + anonymous + "numbers' was dropped before its end"));
    CHECK(has(reports[0].message, "aclose()"));
}

TEST_CASE("25.06 a function that returns a coroutine is no callback") {
    static_assert(is_callback<void (*)()>);
    static_assert(!is_callback<coro<int> (*)()>);
    static_assert(!is_callback<decltype([]() -> async_generator<int> { co_yield 1; })>);
}
