#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/event.hpp>
#include <girin/gather.hpp>
#include <girin/shield.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

template <class T>
coro<T> after(std::chrono::seconds delay, T value) {
    co_await sleep(delay);
    co_return value;
}

coro<int> fails_after(std::chrono::seconds delay) {
    co_await sleep(delay);
    throw std::domain_error("failed");
}

// What the loop is told while the program runs.
template <class Program>
std::vector<std::string> reports_of(Program program) {
    std::vector<std::string> reported;
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        co_await program();
    });
    return reported;
}

}  // namespace

TEST_CASE("14.01 awaiting a shield gives the inner one's result or exception") {
    run_virtual([]() -> coro<> {
        int object = 1;
        auto awaited = co_await shield(after(1s, 5));
        CHECK(awaited == 5);
        CHECK_THROWS_AS(co_await shield(fails_after(1s)), std::domain_error);
        co_await shield([]() -> coro<> { co_await sleep(1s); }());
        int& same = co_await shield([](int& o) -> coro<int&> {
            co_await sleep(1s);
            co_return o;
        }(object));
        CHECK(&same == &object);
        event e;
        loop::running().call_later(1s, [e] { e.set(); });
        co_await shield(e.wait());
    });
}

TEST_CASE("14.01 the result is moved out of an inner one that nobody else holds, and copied otherwise") {
    run_virtual([]() -> coro<> {
        auto owner = co_await shield(after(1s, std::make_unique<int>(1)));
        CHECK(*owner == 1);
        auto held = create_task(after(1s, std::string(100, 'x')));
        auto copied = co_await shield(held);
        CHECK(copied.size() == 100);
        CHECK(held.result().size() == 100);
    });
}

TEST_CASE("14.02 cancelling the waiter raises cancelled_error in it, the inner task goes on and is not cancelling") {
    run_virtual([]() -> coro<> {
        auto inner = create_task(after(1s, 5));
        auto waiter = create_task([&]() -> coro<int> { co_return co_await shield(inner); });
        co_await turns(2);
        waiter.cancel("why");
        std::string message;
        try {
            co_await waiter;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(message == "why");
        CHECK_FALSE(inner.done());
        CHECK(inner.cancelling() == 0);
        auto awaited = co_await inner;
        CHECK(awaited == 5);
    });
}

TEST_CASE("14.03 if the inner one is cancelled by someone else, the outer future is cancelled") {
    run_virtual([]() -> coro<> {
        auto inner = create_task(after(1h, 5));
        auto outer = shield(inner);
        co_await turns(1);
        inner.cancel("elsewhere");
        std::string message;
        try {
            co_await outer;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(outer.cancelled());
        CHECK(message == "elsewhere");
    });
}

TEST_CASE("14.04 for a finished inner future shield returns that future itself") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        f.set_result(1);
        CHECK(shield(f) == f);
        turn_watch watch;
        auto awaited = co_await shield(f);
        CHECK(awaited == 1);
        CHECK_FALSE(watch.turned());
        auto failed = create_future<int>();
        failed.set_exception(std::domain_error("x"));
        CHECK_THROWS_AS(co_await shield(failed), std::domain_error);
    });
}

TEST_CASE("14.05 a coroutine is wrapped in a task, which runs to its end although nobody holds it") {
    run_virtual([]() -> coro<> {
        bool ended = false;
        auto body = [&]() -> coro<> {
            co_await sleep(1s);
            ended = true;
        };
        auto waiter = create_task([&]() -> coro<> { co_await shield(body()); });
        co_await turns(2);
        waiter.cancel();
        CHECK_THROWS_AS(co_await waiter, cancelled_error);
        co_await sleep(2s);
        CHECK(ended);
        shield(body());
        ended = false;
        co_await sleep(2s);
        CHECK(ended);
    });
}

TEST_CASE("14.06 after the waiter was cancelled, a later exception is reported once, however often it was shielded") {
    auto reported = reports_of([]() -> coro<> {
        {
            auto inner = create_task(fails_after(1s));
            for (int i = 0; i < 3; ++i) {
                auto outer = shield(inner);
                outer.cancel();
            }
        }
        co_await sleep(2s);
    });
    CHECK(reported == std::vector<std::string>{"Task exception was never retrieved"});
}

TEST_CASE("14.06 after the waiter was cancelled, an exception that somebody else looks at is not reported") {
    auto reported = reports_of([]() -> coro<> {
        auto inner = create_task(fails_after(1s));
        shield(inner).cancel();
        CHECK_THROWS_AS(co_await inner, std::domain_error);
    });
    CHECK(reported.empty());
}

TEST_CASE("14.06 a later result is not reported, and neither is an exception that the waiter got") {
    auto reported = reports_of([]() -> coro<> {
        shield(after(1s, 1)).cancel();
        CHECK_THROWS_AS(co_await shield(fails_after(1s)), std::domain_error);
        co_await sleep(2s);
    });
    CHECK(reported.empty());
}

TEST_CASE("14.06 an exception in the turn of the waiter's cancellation is not lost") {
    auto reported = reports_of([]() -> coro<> {
        {
            auto inner = create_future<int>();
            auto outer = shield(inner);
            inner.set_exception(std::domain_error("lost?"));
            CHECK(outer.cancel());
        }
        co_await turns(2);
    });
    CHECK(reported == std::vector<std::string>{"Future exception was never retrieved"});
}

TEST_CASE("14.07 cancelling the outer leaves no callback behind on the inner one") {
    run_virtual([]() -> coro<> {
        struct counted {
            int* copies;
            explicit counted(int& c) : copies(&c) {}
            counted(const counted& other) : copies(other.copies) { ++*copies; }
            counted(counted&&) = default;
        };
        int copies = 0;
        auto inner = create_future<counted>();
        auto outer = shield(inner);
        outer.cancel();
        inner.set_result(copies);
        co_await turns(2);
        CHECK(copies == 0);
        CHECK_THROWS_AS(outer.result(), cancelled_error);
    });
}

TEST_CASE("8.15 shielded children are not cancelled by cancelling gather") {
    run_virtual([]() -> coro<> {
        auto shielded = create_task(after(1s, 1));
        auto bare = create_task(after(1s, 2));
        auto g = gather(shield(shielded), bare);
        co_await turns(1);
        CHECK(g.cancel());
        CHECK_THROWS_AS(co_await g, cancelled_error);
        co_await sleep(2s);
        CHECK(shielded.result() == 1);
        CHECK(bare.cancelled());
    });
}

TEST_CASE("8.15 a shielded gather is not cancelled with its waiter") {
    run_virtual([]() -> coro<> {
        auto g = gather(after(1s, 1), after(2s, 2));
        auto waiter = create_task([&]() -> coro<> { co_await shield(g); });
        co_await turns(2);
        waiter.cancel();
        CHECK_THROWS_AS(co_await waiter, cancelled_error);
        auto results = co_await g;
        CHECK(results == std::tuple(1, 2));
    });
}

TEST_CASE("10.13 wait_for of a shield raises timeout_error and the task goes on running") {
    run_virtual([]() -> coro<> {
        auto t = create_task(after(2s, 5));
        CHECK_THROWS_AS(co_await wait_for(shield(t), 1s), timeout_error);
        CHECK_THROWS_AS(co_await wait_for(shield(t), 0s), timeout_error);
        CHECK_FALSE(t.done());
        auto awaited = co_await t;
        CHECK(awaited == 5);
    });
}

TEST_CASE("a cancelled gather that is shielded fails the shield, which is not itself cancelled") {
    run_virtual([]() -> coro<> {
        auto g = gather(after(1h, 1));
        auto outer = shield(g);
        co_await turns(1);
        g.cancel();
        CHECK_THROWS_AS(co_await outer, cancelled_error);
        CHECK_FALSE(outer.cancelled());
    });
}

TEST_CASE("a shield refuses results from outside, and what belongs to a different loop") {
    loop other;
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> foreign = other.run_until_complete(make());
    run_virtual([&]() -> coro<> {
        CHECK_THROWS_AS(shield(foreign), std::invalid_argument);
        auto outer = shield(create_future<int>());
        CHECK_THROWS_AS(outer.set_result(1), std::runtime_error);
        co_return;
    });
}

TEST_CASE("shields of pending tasks and futures are freed when their loop is closed") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        future<> outlives;
        l.call_soon([&] {
            auto inner = [](std::shared_ptr<int>) -> coro<> { co_await sleep(1h); };
            create_task([=](std::shared_ptr<int> held) -> coro<> { co_await shield(inner(held)); }, alive);
            outlives = shield(inner(alive));
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
        l.close();
    }
    CHECK(alive.use_count() == 1);
}
