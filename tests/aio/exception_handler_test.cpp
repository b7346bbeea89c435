#include "tests/support/turns.hpp"
#include "tests/support/written_by.hpp"

#include <girin/exceptions.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_one_turn;
using girin::test::written_by;

namespace {}  // namespace

TEST_CASE("24.02 without a handler the default one writes message, task and exception to stderr") {
    auto fails = []() -> coro<> {
        throw std::domain_error("spilt");
        co_return;
    };
    auto main = [&]() -> coro<> {
        create_task(fails(), {.name = "pourer"});
        co_await sleep(0s);
    };
    const std::string written = written_by([&] { run(main()); });
    CHECK(written.starts_with("Task exception was never retrieved (pourer): spilt\n  File '"));
    CHECK(std::ranges::count(written, '\n') == 2);
    auto of_callback = written_by([] {
        loop l;
        l.call_soon([] { throw 1; });
        run_one_turn(l);
    });
    CHECK(of_callback == "Exception in callback: not a std::exception\n");
}

TEST_CASE("24.03 a handler replaces the default one, may call it, and nothing restores it") {
    loop l;
    std::vector<std::string> heard;
    auto fail = [&] {
        l.call_soon([] { throw std::domain_error("x"); });
        run_one_turn(l);
    };
    l.set_exception_handler([&](loop& where, const exception_context& context) {
        CHECK(&where == &l);
        CHECK(context.exception != nullptr);
        heard.push_back(context.message);
    });
    CHECK(written_by(fail) == "");
    CHECK(heard == std::vector<std::string>{"Exception in callback"});
    l.set_exception_handler(
        [](loop& where, const exception_context& context) { where.default_exception_handler(context); });
    CHECK(written_by(fail) == "Exception in callback: x\n");
    l.set_exception_handler(nullptr);
    CHECK(written_by(fail) == "Exception in callback: x\n");
    CHECK(heard.size() == 1);
}

TEST_CASE(
    "24.05 an exception in a handler is written by the default one, before what the handler was told, and the loop "
    "goes on") {
    loop l;
    bool went_on = false;
    l.set_exception_handler([](loop&, const exception_context&) { throw std::domain_error("handler"); });
    l.call_soon([] { throw std::domain_error("callback"); });
    l.call_soon([&] { went_on = true; });
    CHECK(written_by([&] { run_one_turn(l); }) ==
          "Unhandled error in exception handler: handler\nException in callback: callback\n");
    CHECK(went_on);
}

TEST_CASE("24.05 keyboard_interrupt from a handler leaves the loop") {
    loop l;
    l.set_exception_handler([](loop&, const exception_context&) { throw keyboard_interrupt(); });
    l.call_soon([] { throw std::domain_error("callback"); });
    CHECK_THROWS_AS(l.run_forever(), keyboard_interrupt);
}

TEST_CASE("24.05 a handler may replace itself while it runs") {
    loop l;
    std::string heard;
    l.set_exception_handler([&, owned = std::string("first")](loop& where, const exception_context&) {
        where.set_exception_handler([&](loop&, const exception_context&) { heard += " second"; });
        heard += owned;
    });
    for (int i = 0; i < 2; ++i) l.call_soon([] { throw std::domain_error("x"); });
    run_one_turn(l);
    CHECK(heard == "first second");
}

TEST_CASE("24.06 it hears of no cancellation, and of no exception that somebody has looked at") {
    int heard = 0;
    auto fails = []() -> coro<> {
        throw std::domain_error("x");
        co_return;
    };
    auto main = [&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const exception_context&) { ++heard; });
        auto waits = []() -> coro<> { co_await sleep(1h); };
        create_task(waits()).cancel();
        auto failed = create_task(fails());
        co_await sleep(0s);
        co_await sleep(0s);
        CHECK(failed.exception() != nullptr);
    };
    run(main());
    CHECK(heard == 0);
}
