#include "tests/support/run_virtual.hpp"

#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

template <class T>
coro<T> after(std::chrono::seconds delay, T value) {
    co_await sleep(delay);
    co_return value;
}

coro<int> fails_after(std::chrono::seconds delay) {
    co_await sleep(delay);
    throw std::domain_error("after " + std::to_string(delay.count()));
}

}  // namespace

TEST_CASE("8.01 results come in argument order, whatever the order of completion") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto mixed = co_await gather(after(3s, 1), after(1s, std::string("two")), after(2s, 3.0));
        CHECK(mixed == std::tuple(1, std::string("two"), 3.0));
        std::vector<coro<int>> many;
        for (int i = 0; i < 10; ++i) many.push_back(after(std::chrono::seconds(10 - i), i));
        auto list = co_await gather(std::move(many));
        CHECK(list == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        CHECK(loop::running().time() - start == 13s);
    });
}

TEST_CASE("results may be nothing, references, move-only, pairs and tuples") {
    run_virtual([]() -> coro<> {
        int object = 1;
        auto nothing = []() -> coro<> { co_return; };
        auto reference = [&]() -> coro<int&> { co_return object; };
        auto owner = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); };
        auto pair = []() -> coro<std::pair<int, int>> { co_return std::pair(3, 4); };

        auto all = co_await gather(nothing(), reference(), owner());
        CHECK(&std::get<1>(all) == &object);
        CHECK(*std::get<2>(all) == 2);
        auto one_pair = co_await gather(pair());
        static_assert(std::is_same_v<decltype(one_pair), std::tuple<std::pair<int, int>>>);
        CHECK(std::get<0>(one_pair) == std::pair(3, 4));
        auto nested = co_await gather(gather(after(0s, 5), after(0s, 6)));
        static_assert(std::is_same_v<decltype(nested), std::tuple<std::tuple<int, int>>>);
        CHECK(std::get<0>(nested) == std::tuple(5, 6));

        std::vector<coro<std::unique_ptr<int>>> owners;
        owners.push_back(owner());
        auto owned = co_await gather(std::move(owners));
        CHECK(*owned.at(0) == 2);
        std::vector<coro<int&>> references;
        references.push_back(reference());
        auto referred = co_await gather(std::move(references));
        CHECK(&referred.at(0).get() == &object);
    });
}

TEST_CASE("a result is copied only when somebody else holds the child") {
    struct counted {
        int copies = 0;
        counted() = default;
        counted(const counted& other) : copies(other.copies + 1) {}
        counted(counted&& other) noexcept : copies(other.copies) {}
    };
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<counted> { co_return counted(); };
        auto moved = co_await gather(body());
        CHECK(std::get<0>(moved).copies == 0);
        task<counted> held = create_task(body());
        auto copied = co_await gather(held);
        CHECK(std::get<0>(copied).copies == 1);
        CHECK(held.result().copies == 0);
    });
}

TEST_CASE(
    "8.02 coroutines become tasks when gather is called, in argument order, and run even if it is never awaited") {
    run_virtual([]() -> coro<> {
        std::string ran;
        auto body = [&](char name) -> coro<> {
            ran += name;
            co_await sleep(1s);
            ran += name;
        };
        gather(body('a'), body('b'));
        CHECK(all_tasks().size() == 3);
        co_await sleep(2s);
        CHECK(ran == "abab");
    });
}

TEST_CASE("8.03 gather() with nothing gives an already completed future with an empty list") {
    run_virtual([]() -> coro<> {
        CHECK(gather().done());
        CHECK(gather(std::vector<coro<int>>()).result().empty());
        CHECK(gather(return_exceptions, std::vector<coro<int>>()).result().empty());
        co_return;
    });
}

TEST_CASE("8.04 the same awaitable given twice runs once and fills every place") {
    run_virtual([]() -> coro<> {
        int ran = 0;
        auto t = create_task([&]() -> coro<int> {
            co_await sleep(1s);
            co_return ++ran;
        });
        auto results = co_await gather(t, after(0s, std::string("x")), t);
        CHECK(results == std::tuple(1, std::string("x"), 1));
    });
}

TEST_CASE("8.06 without return_exceptions the first exception completes gather at once, the other children go on") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto slow = create_task(after(9s, 1));
        CHECK_THROWS_AS(co_await gather(slow, fails_after(2s), fails_after(1s)), std::domain_error);
        CHECK(loop::running().time() - start == 1s);
        auto awaited = co_await slow;
        CHECK(awaited == 1);
    });
}

TEST_CASE("8.07 later exceptions of other children are marked retrieved and reported nowhere") {
    std::vector<std::string> reported;
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        CHECK_THROWS_WITH_AS(co_await gather(fails_after(2s), fails_after(1s), fails_after(3s)), "after 1",
                             std::domain_error);
        auto held = gather(fails_after(2s), fails_after(1s), after(9s, 0));
        CHECK_THROWS_AS(co_await held, std::domain_error);
        co_await sleep(20s);
    });
    CHECK(reported.empty());
}

TEST_CASE("8.07 an exception in the turn in which another one ends gather is reported nowhere either") {
    std::vector<std::string> reported;
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        CHECK_THROWS_AS(co_await gather(fails_after(1s), fails_after(1s)), std::domain_error);
        co_await sleep(20s);
    });
    CHECK(reported.empty());
}

TEST_CASE("an exception of a gather that was dropped before its end is reported") {
    std::vector<std::string> reported;
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        gather(fails_after(1s), after(2s, 1));
        co_await sleep(20s);
    });
    CHECK(reported == std::vector<std::string>{"Task exception was never retrieved"});
}

TEST_CASE(
    "8.08 with return_exceptions every child is waited for and exceptions, cancelled_error included, are entries") {
    run_virtual([]() -> coro<> {
        task<int> cancelled = create_task(after(9s, 0));
        loop::running().call_later(1s, [=] { cancelled.cancel("away"); });
        std::vector<task<int>> children{create_task(after(3s, 7)), create_task(fails_after(2s)), cancelled};
        auto ends = co_await gather(return_exceptions, children);
        CHECK(ends.at(0).has_value());
        CHECK(ends.at(0).value() == 7);
        CHECK_THROWS_AS(ends.at(1).value(), std::domain_error);
        CHECK_THROWS_AS(std::rethrow_exception(ends.at(1).exception()), std::domain_error);
        CHECK_THROWS_AS(std::rethrow_exception(ends.at(2).exception()), cancelled_error);
    });
}

TEST_CASE("8.09 a child cancelled by someone else makes gather fail, gather is not cancelled, the others go on") {
    run_virtual([]() -> coro<> {
        auto cancelled = create_task(after(9s, 1)), other = create_task(after(3s, 2));
        auto g = gather(cancelled, other);
        loop::running().call_later(1s, [=] { cancelled.cancel("elsewhere"); });
        std::string message;
        try {
            co_await g;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(message == "elsewhere");
        CHECK_FALSE(g.cancelled());
        auto awaited = co_await other;
        CHECK(awaited == 2);
    });
}

TEST_CASE("8.10 cancelling gather cancels every unfinished child and returns true if at least one accepted") {
    run_virtual([]() -> coro<> {
        auto finished = create_task(after(0s, 1)), a = create_task(after(1h, 1)), b = create_task(after(1h, 2));
        auto g = gather(finished, a, b);
        co_await sleep(1s);
        CHECK(g.cancel());
        CHECK_THROWS_AS(co_await g, cancelled_error);
        CHECK(finished.result() == 1);
        CHECK(a.cancelled());
        CHECK(b.cancelled());
    });
}

TEST_CASE(
    "8.11 a cancelled gather ends when the first child ends cancelled, with return_exceptions when all are done") {
    run_virtual([]() -> coro<> {
        auto leaves_after = [](std::chrono::seconds delay) -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_await sleep(delay);
            throw cancelled_error();
        };
        auto start = loop::running().time();
        auto first = gather(leaves_after(1s), leaves_after(3s));
        co_await sleep(0s);
        CHECK(first.cancel());
        CHECK_FALSE(first.done());
        CHECK_THROWS_AS(co_await first, cancelled_error);
        CHECK(loop::running().time() - start == 1s);
        auto all = gather(return_exceptions, leaves_after(1s), leaves_after(3s));
        co_await sleep(0s);
        CHECK(all.cancel());
        CHECK_THROWS_AS(co_await all, cancelled_error);
        CHECK(loop::running().time() - start == 4s);
    });
}

TEST_CASE("8.12 after such a request gather raises cancelled_error even if all children swallowed it") {
    run_virtual([]() -> coro<> {
        auto swallow = []() -> coro<int> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_return 1;
        };
        for (int i = 0; i < 2; ++i) {
            std::vector<task<int>> children{create_task(swallow()), create_task(swallow())};
            co_await sleep(0s);
            auto cancel_and_wait = [&](auto outer) -> coro<> {
                CHECK(outer.cancel());
                CHECK_THROWS_AS(co_await outer, cancelled_error);
                CHECK_FALSE(outer.cancelled());
            };
            if (i == 0)
                co_await cancel_and_wait(gather(children));
            else
                co_await cancel_and_wait(gather(return_exceptions, children));
            CHECK(children[0].result() == 1);
        }
    });
}

TEST_CASE("8.13 cancelling gather when all children are done, or when it is done, returns false and cancels nothing") {
    run_virtual([]() -> coro<> {
        auto g = gather(after(1s, 1), after(2s, 2));
        co_await g;
        CHECK_FALSE(g.cancel());
        auto ends = create_future<int>();
        auto pending = gather(ends);
        ends.set_result(1);
        CHECK_FALSE(pending.done());
        CHECK_FALSE(pending.cancel());
        auto result = co_await pending;
        CHECK(std::get<0>(result) == 1);
    });
}

TEST_CASE("8.18 with eager tasks, if all children finish during their creation gather is done when it returns") {
    run_virtual([]() -> coro<> {
        auto at_once = []() -> coro<int> { co_return 1; };
        auto fails = []() -> coro<int> {
            throw std::domain_error("eager");
            co_return 0;
        };
        auto all = gather(create_task(at_once(), {.eager_start = true}), create_task(at_once(), {.eager_start = true}));
        CHECK(all.done());
        CHECK(all.result() == std::tuple(1, 1));
        auto some = gather(create_task(at_once(), {.eager_start = true}), after(1s, 2));
        CHECK_FALSE(some.done());
        auto awaited = co_await some;
        CHECK(awaited == std::tuple(1, 2));
        auto failed = gather(after(1s, 2), create_task(fails(), {.eager_start = true}));
        CHECK(failed.done());
        CHECK_THROWS_AS(failed.result(), std::domain_error);
        auto settled = gather(return_exceptions, create_task(fails(), {.eager_start = true}));
        CHECK(settled.done());
        CHECK_THROWS_AS(std::get<0>(settled.result()).value(), std::domain_error);
    });
}

TEST_CASE("8.14 cancelling the task that awaits gather cancels the children, the message reaches the caller") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> messages;
        auto child = [&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error& e) {
                messages.push_back(e.message());
                throw;
            }
        };
        auto parent = [&]() -> coro<> { co_await gather(child(), child()); };
        auto t = create_task(parent());
        co_await sleep(0s);
        co_await sleep(0s);
        t.cancel("why");
        std::string caller;
        try {
            co_await t;
        } catch (const cancelled_error& e) {
            caller = e.message();
        }
        CHECK(messages == std::vector<std::string>{"why", "why"});
        CHECK(caller == "why");
    });
}

TEST_CASE("8.05 futures of different loops are a std::invalid_argument") {
    loop other;
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> foreign = other.run_until_complete(make());
    run_virtual([&]() -> coro<> {
        CHECK_THROWS_AS(gather(foreign), std::invalid_argument);
        co_return;
    });
}

TEST_CASE("8.16 if building the argument list fails half-way, no callback misbehaves later") {
    run_virtual([]() -> coro<> {
        bool ran = false;
        auto body = [&]() -> coro<> {
            co_await sleep(1s);
            ran = true;
        };
        CHECK_THROWS_AS(gather(body(), coro<>()), std::runtime_error);
        co_await sleep(2s);
        CHECK(ran);
    });
}

TEST_CASE("gather refuses results from outside") {
    run_virtual([]() -> coro<> {
        future<std::tuple<int>> g = gather(after(1s, 1));
        CHECK_THROWS_AS(g.set_result(std::tuple(2)), std::runtime_error);
        auto result = co_await g;
        CHECK(std::get<0>(result) == 1);
    });
}

TEST_CASE("an exception of a result's copy is gather's exception") {
    struct uncopyable_once {
        bool* armed;
        explicit uncopyable_once(bool* a) : armed(a) {}
        uncopyable_once(uncopyable_once&&) = default;
        uncopyable_once(const uncopyable_once& other) : armed(other.armed) {
            if (*armed) throw std::length_error("no copy");
        }
    };
    run_virtual([]() -> coro<> {
        bool armed = true;
        auto body = [&]() -> coro<uncopyable_once> { co_return uncopyable_once(&armed); };
        auto held = create_task(body());
        CHECK_THROWS_AS(co_await gather(held), std::length_error);
        armed = false;
    });
}

TEST_CASE("8.17 children created by gather give no \"destroyed but pending\" report when their loop is closed") {
    auto alive = std::make_shared<int>();
    std::vector<std::string> reported;
    {
        loop l;
        l.set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        l.call_soon([&] {
            create_task([](std::shared_ptr<int>) -> coro<> { co_await gather(after(1h, 1), after(1h, 2)); }, alive);
            create_task([](std::shared_ptr<int>) -> coro<> { co_await gather(create_future<int>()); }, alive);
            gather(create_future<int>(), create_future<int>());
            loop::running().call_soon([] { loop::running().call_soon([] { loop::running().stop(); }); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
    CHECK(reported.size() == 2);  // of the two tasks, and not of gather's children
}
