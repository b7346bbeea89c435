#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::turns;

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
    CHECK(has(reports[0].message, "Executing Task 'hog' in (anonymous namespace)::hogs ("));
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
              co_await hogs();
          }).empty());
}

TEST_CASE("a coroutine that was never awaited is reported with the place of its function") {
    const auto reports = reports_of([]() -> coro<> {
        static_cast<void>(answers());
        co_await answers();
    });
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].message == "coroutine '(anonymous namespace)::answers' was never awaited");
    REQUIRE(reports[0].call_stack.size() == 1);
    CHECK(reports[0].call_stack[0].line() == above + 7);
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
            CHECK(has(figures.slowest_callback_name, "Task 'hog' in (anonymous namespace)::hogs ("));
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
