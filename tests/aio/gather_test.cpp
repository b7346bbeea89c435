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

TEST_CASE("results come in the order of the arguments, whatever the order of completion") {
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

TEST_CASE("the children run even if nobody waits for the result") {
    run_virtual([]() -> coro<> {
        int ran = 0;
        auto body = [&]() -> coro<> {
            co_await sleep(1s);
            ++ran;
        };
        gather(body(), body());
        co_await sleep(2s);
        CHECK(ran == 2);
    });
}

TEST_CASE("the first exception ends gather at once, and later ones are reported nowhere") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> reported;
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        auto start = loop::running().time();
        std::string message;
        {
            auto g = gather(fails_after(2s), fails_after(1s), after(9s, 0));
            try {
                co_await g;
            } catch (const std::domain_error& e) {
                message = e.what();
            }
            CHECK(loop::running().time() - start == 1s);
            co_await sleep(20s);
        }
        CHECK(message == "after 1");
        CHECK(reported.empty());
        loop::running().set_exception_handler(nullptr);
    });
}

TEST_CASE("with return_exceptions every child is waited for, and each end is told") {
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

TEST_CASE("cancelling gather says whether a child accepted, and nothing once all are done") {
    run_virtual([]() -> coro<> {
        auto g = gather(after(1s, 1), after(2s, 2));
        co_await g;
        CHECK_FALSE(g.cancel());
        auto done = create_future<int>();
        done.set_result(1);
        auto of_done = gather(done);
        CHECK_FALSE(of_done.cancel());
        auto result = co_await of_done;
        CHECK(std::get<0>(result) == 1);
        auto pending = gather(after(1h, 1));
        CHECK(pending.cancel());
        CHECK_FALSE(pending.done());
        CHECK_THROWS_AS(co_await pending, cancelled_error);
        CHECK_FALSE(pending.cancelled());
    });
}

TEST_CASE("the message of a cancellation reaches the children and the caller") {
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

TEST_CASE("a gather of children of different loops is refused") {
    loop other;
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> foreign = other.run_until_complete(make());
    run_virtual([&]() -> coro<> {
        CHECK_THROWS_AS(gather(foreign), std::invalid_argument);
        co_return;
    });
}

TEST_CASE("a bad argument fails gather, and the children that were made before it run on") {
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

TEST_CASE("gathers of pending tasks and futures are freed when their loop is closed") {
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
