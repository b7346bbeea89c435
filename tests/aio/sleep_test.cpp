#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

TEST_CASE("7.01 sleep(0) suspends for exactly one turn, also when nothing else is ready") {
    run_virtual([]() -> coro<> {
        int turn = 0;
        auto count = [&]() -> coro<> {
            for (; turn < 10; ++turn) co_await sleep(0s);
        };
        auto counting = create_task(count(), {.eager_start = true});
        for (int i = 1; i < 10; ++i) {
            co_await sleep(0s);
            CHECK(turn == i);
        }
        co_await counting;
    });
}

TEST_CASE("7.04 sleep returns the result that it is given") {
    run_virtual([]() -> coro<> {
        auto before = loop::running().time();
        int number = co_await sleep(1s, 7);
        CHECK(number == 7);
        CHECK(loop::running().time() - before == 1s);
        auto owner = co_await sleep(0s, std::make_unique<int>(8));
        CHECK(*owner == 8);
        auto both = co_await gather(sleep(2s, std::string("slow")), sleep(1s, std::string("quick")));
        CHECK(std::get<0>(both) == "slow");
        CHECK(std::get<1>(both) == "quick");
        auto t = create_task(sleep(1h, 1));
        co_await turns(1);
        t.cancel();
        co_await turns(2);
        CHECK(t.cancelled());
    });
}

TEST_CASE("7.07 what a task schedules before sleep(0) runs before it resumes, and 7.08 nothing interrupts it before") {
    run_virtual([]() -> coro<> {
        std::string order;
        loop::running().call_soon([&] { order += 'c'; });
        for (int i = 0; i < 1000; ++i) co_await []() -> coro<> { co_return; }();
        order += 't';
        co_await sleep(0s);
        order += 'r';
        CHECK(order == "tcr");
    });
}

TEST_CASE("1.05 7.05 on a real clock neither a timer nor a sleep comes early") {
    auto program = []() -> coro<> {
        loop& l = loop::running();
        for (auto delay : {1ns, 500ns, 100'000ns, 1'500'000ns}) {
            auto due = l.time() + delay;
            co_await sleep(delay);
            CHECK(l.time() >= due);
        }
        auto when = l.time() + 700us;
        auto ran = create_future<loop::time_point>();
        l.call_at(when, [&] { ran.set_result(l.time()); });
        co_await ran;
        CHECK(ran.result() >= when);
    };
    run(program());
}
