#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/gather.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

coro<int> after(std::chrono::seconds delay, int value) {
    co_await sleep(delay);
    co_return value;
}

coro<int> fails_after(std::chrono::seconds delay) {
    co_await sleep(delay);
    throw std::domain_error("failed");
}

template <class Argument>
concept can_be_waited_for = requires(Argument argument) { girin::wait(std::move(argument)); };

}  // namespace

TEST_CASE("9.01 returns (done, pending), two disjoint sets whose union is the input") {
    run_virtual([]() -> coro<> {
        auto a = create_task(after(3s, 1)), b = create_task(after(1s, 2)), c = create_task(after(2s, 3));
        auto result = co_await wait({a, b, c}, {.timeout = 2500ms});
        CHECK(result.done == std::vector{b, c});
        CHECK(result.pending == std::vector{a});
    });
}

TEST_CASE("9.01 it never raises a child's exception and never raises timeout_error") {
    run_virtual([]() -> coro<> {
        auto failed = create_task(fails_after(1s));
        auto slow = create_task(after(1h, 1));
        auto result = co_await wait({failed, slow}, {.timeout = 2s});
        CHECK(result.done == std::vector{failed});
        CHECK_THROWS_AS(co_await failed, std::domain_error);
    });
}

TEST_CASE("9.01 an exception that nobody looks at is reported, in every mode") {
    for (auto mode : {all_completed, first_completed, first_exception}) {
        std::vector<std::string> reported;
        run_virtual([&]() -> coro<> {
            loop::running().set_exception_handler(
                [&](loop&, const auto& context) { reported.push_back(context.message); });
            co_await wait({create_task(fails_after(1s))}, {.return_when = mode});
        });
        CHECK(reported == std::vector<std::string>{"Task exception was never retrieved"});
    }
}

TEST_CASE("9.02 all_completed returns when all are done") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto result =
            co_await wait({create_task(after(1s, 1)), create_task(fails_after(3s)), create_task(after(2s, 3))});
        CHECK(loop::running().time() - start == 3s);
        CHECK(result.done.size() == 3);
        CHECK(result.pending.empty());
        CHECK(result.done[1].exception());
    });
}

TEST_CASE("9.02 first_completed returns when at least one is done") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto slow = create_task(after(2s, 1)), quick = create_task(after(1s, 2));
        auto result = co_await wait({slow, quick}, {.return_when = first_completed});
        CHECK(loop::running().time() - start == 1s);
        CHECK(result.done == std::vector{quick});
    });
}

TEST_CASE("9.03 first_exception returns when one has failed, a cancelled one does not count as failed") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto cancelled = create_task(after(1h, 1)), failed = create_task(fails_after(2s)),
             slow = create_task(after(3s, 3));
        loop::running().call_later(1s, [=] { cancelled.cancel(); });
        auto result = co_await wait({cancelled, failed, slow}, {.return_when = first_exception});
        CHECK(loop::running().time() - start == 2s);
        CHECK(result.done == std::vector{cancelled, failed});
        CHECK(failed.exception());
    });
}

TEST_CASE("9.03 without failures first_exception is all_completed") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto result =
            co_await wait({create_task(after(1s, 1)), create_task(after(2s, 2))}, {.return_when = first_exception});
        CHECK(loop::running().time() - start == 2s);
        CHECK(result.pending.empty());
    });
}

TEST_CASE("9.04 timeout returns what is done by then, and nothing is cancelled") {
    run_virtual([]() -> coro<> {
        auto quick = create_task(after(1s, 1)), slow = create_task(after(3s, 2));
        auto result = co_await wait({quick, slow}, {.timeout = 2s});
        CHECK(result.done == std::vector{quick});
        CHECK(result.pending == std::vector{slow});
        CHECK(slow.cancelling() == 0);
        auto awaited = co_await slow;
        CHECK(awaited == 2);
    });
}

TEST_CASE("9.04 a timeout of 0 or less still allows one turn") {
    run_virtual([]() -> coro<> {
        for (auto timeout : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
            auto at_once = create_task(after(0s, 1)), slow = create_task(after(1h, 2));
            auto immediate = create_task([]() -> coro<int> { co_return 3; });
            auto result = co_await wait({immediate, at_once, slow}, {.timeout = timeout});
            CHECK(result.done.size() == 2);
            CHECK(result.pending == std::vector{slow});
        }
    });
}

TEST_CASE("9.05 all that are done when it resumes are in `done`, also those that finished after the trigger") {
    run_virtual([]() -> coro<> {
        auto a = create_future<int>(), b = create_future<int>(), c = create_future<int>();
        auto waiter = create_task(wait({a, b, c}, {.return_when = first_completed}));
        co_await turns(1);
        a.set_result(1);
        loop::running().call_soon([=] { b.set_result(2); });
        auto result = co_await waiter;
        CHECK(result.done == std::vector{a, b});
    });
}

TEST_CASE("9.06 if the input is already done it still suspends once, and the timer loses against it") {
    run_virtual([]() -> coro<> {
        auto done = create_future<int>();
        done.set_result(1);
        turn_watch watch;
        auto result = co_await wait({done}, {.timeout = 0s});
        CHECK(watch.turned());
        CHECK(result.done.size() == 1);
    });
}

TEST_CASE("9.07 cancelling the waiter cancels no child and leaves no callback on them") {
    run_virtual([]() -> coro<> {
        auto a = create_task(after(1s, 1)), b = create_task(after(2s, 2));
        auto waiter = create_task(wait({a, b}));
        co_await turns(1);
        waiter.cancel("why");
        std::string message;
        try {
            co_await waiter;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(message == "why");
        waiter = {};  // a callback that is left would be called on a wait that is gone
        auto awaited = co_await a;
        CHECK(awaited == 1);
        auto again = co_await b;
        CHECK(again == 2);
        CHECK(a.cancelling() + b.cancelling() == 0);
    });
}

TEST_CASE("9.08 an empty input is a std::invalid_argument, and so are an empty handle and a foreign loop's future") {
    loop other;
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> foreign = other.run_until_complete(make());
    run_virtual([&]() -> coro<> {
        CHECK_THROWS_AS(co_await wait(std::vector<task<int>>()), std::invalid_argument);
        CHECK_THROWS_AS(co_await wait({task<int>()}), std::invalid_argument);
        CHECK_THROWS_AS(co_await wait({foreign}), std::invalid_argument);
    });
}

TEST_CASE("9.08 coroutines and a single future do not compile") {
    static_assert(can_be_waited_for<std::vector<task<int>>>);
    static_assert(can_be_waited_for<std::vector<any_task>>);
    static_assert(!can_be_waited_for<std::vector<coro<int>>>);
    static_assert(!can_be_waited_for<task<int>>);
    static_assert(!can_be_waited_for<std::vector<int>>);
}

TEST_CASE("9.09 duplicates collapse") {
    run_virtual([]() -> coro<> {
        std::vector<future<int>> many;
        auto a = create_future<int>(), b = create_future<int>();
        for (int i = 0; i < 100; ++i) many.push_back(i % 3 == 0 ? b : a);
        loop::running().call_later(1s, [=] { a.set_result(1); });
        auto result = co_await wait(many, {.timeout = 2s});
        CHECK(result.done == std::vector{a});
        CHECK(result.pending == std::vector{b});
    });
}

TEST_CASE("9.09 any iterable is accepted") {
    run_virtual([]() -> coro<> {
        std::list<task<int>> list;
        for (int i = 0; i < 3; ++i) list.push_back(create_task(after(1s, i)));
        auto of_list = co_await wait(list);
        CHECK(of_list.done.size() == 3);
        task<int> array[] = {create_task(after(1s, 1)), create_task(after(2s, 2))};
        auto of_array = co_await wait(array, {.return_when = first_completed});
        CHECK(of_array.done == std::vector{array[0]});
    });
}

TEST_CASE("tasks of several types can be waited for, and be told apart") {
    run_virtual([]() -> coro<> {
        auto number = create_task(after(1s, 1));
        auto nothing = create_task([]() -> coro<> {
            co_await sleep(2s);
            throw std::domain_error("x");
        });
        auto first = co_await wait(std::vector<any_task>{nothing, number}, {.return_when = first_completed});
        CHECK(first.done.at(0) == number);
        CHECK(first.pending.at(0) == nothing);
        auto second = co_await wait(first.pending);
        CHECK(second.done.at(0).exception());
    });
}

TEST_CASE("a wait can be bounded by wait_for, made a task, and gathered") {
    run_virtual([]() -> coro<> {
        auto slow = create_task(after(1h, 1));
        CHECK_THROWS_AS(co_await wait_for(wait({slow}), 1s), timeout_error);
        CHECK(slow.cancelling() == 0);
        auto both = co_await gather(wait({slow}, {.timeout = 1s}), wait({create_task(after(1s, 2))}));
        CHECK(std::get<0>(both).done.empty());
        CHECK(std::get<1>(both).done.size() == 1);
    });
}

TEST_CASE("a cancellation after the trigger is raised, and one that was pending ends the wait at once") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto waiter = create_task(wait({f}));
        co_await turns(1);
        f.set_result(1);
        co_await turns(1);
        waiter.cancel();
        CHECK_THROWS_AS(co_await waiter, cancelled_error);
        auto pending = create_future<int>();
        auto cancels_itself = create_task([&]() -> coro<> {
            current_task().cancel();
            co_await wait({pending});
        });
        CHECK_THROWS_AS(co_await cancels_itself, cancelled_error);
        CHECK_FALSE(pending.done());
    });
}

TEST_CASE("a wait that is over is not woken again by its timeout or its futures, while its expression goes on") {
    run_virtual([]() -> coro<> {
        auto quick = create_task(after(1s, 1)), slow = create_task(after(3s, 2));
        const std::vector both{quick, slow};
        const auto first_of = [](const wait_result<task<int>>& ended, int) { return ended.done; };
        const auto first =
            first_of(co_await wait(both, {.timeout = 2s, .return_when = first_completed}), co_await after(5s, 5));
        CHECK(first == std::vector{quick});
    });
}

TEST_CASE("a loop may be closed while a wait goes on") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            auto t = create_task([](std::shared_ptr<int>) -> coro<> { co_await sleep(1h); }, alive);
            create_task([t](std::shared_ptr<int>) -> coro<> { co_await wait({t}, {.timeout = 2h}); }, alive);
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
}
