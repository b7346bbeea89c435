#include "tests/support/run_virtual.hpp"

#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/try_finally.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

TEST_CASE("the clean-up is awaited after the body, whose result or exception is then given") {
    run_virtual([]() -> coro<> {
        std::string order;
        auto cleanup = [&]() -> coro<> {
            co_await sleep(1s);
            order += 'c';
        };
        auto value = [&]() -> coro<std::unique_ptr<int>> {
            order += 'v';
            co_return std::make_unique<int>(3);
        };
        auto reference = [&]() -> coro<std::string&> { co_return order; };
        auto failure = [&]() -> coro<> {
            co_await sleep(1s);
            order += 'f';
            throw std::domain_error("x");
        };
        auto result = co_await try_finally(value, cleanup);
        CHECK(*result == 3);
        std::string& same = co_await try_finally(reference, cleanup);
        CHECK(&same == &order);
        CHECK_THROWS_AS(co_await try_finally(failure, cleanup), std::domain_error);
        CHECK(order == "vccfc");
    });
}

TEST_CASE("an exception of the clean-up replaces the body's") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<> {
            throw std::domain_error("body");
            co_return;
        };
        auto cleanup = []() -> coro<> {
            co_await sleep(0s);
            throw std::length_error("clean-up");
        };
        CHECK_THROWS_AS(co_await try_finally(body, cleanup), std::length_error);
    });
}

TEST_CASE("a cancellation during the clean-up interrupts it at its await") {
    run_virtual([]() -> coro<> {
        bool ended = false;
        auto program = [&]() -> coro<> {
            co_await try_finally([]() -> coro<> { co_await sleep(1s); },
                                 [&]() -> coro<> {
                                     co_await sleep(1h);
                                     ended = true;
                                 });
        };
        auto t = create_task(program());
        co_await sleep(2s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK_FALSE(ended);
    });
}

TEST_CASE("body and clean-up live until both have ended") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        co_await try_finally(
            [alive]() -> coro<> {
                co_await sleep(1s);
                CHECK(alive.use_count() >= 2);
            },
            [alive]() -> coro<> {
                co_await sleep(1s);
                CHECK(alive.use_count() >= 2);
            });
        CHECK(alive.use_count() == 1);
    });
}
