#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/context.hpp>
#include <girin/context_var.hpp>
#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

const context_var<std::string> user("user");
const context_var<int> depth("depth", 0);

}  // namespace

TEST_CASE("a variable without a value has its default, or the fallback, or raises") {
    CHECK(depth.get() == 0);
    CHECK(depth.get(7) == 7);  // a fallback comes before the default, as in Python
    CHECK(user.get("nobody") == "nobody");
    CHECK_THROWS_AS(user.get(), std::out_of_range);
    CHECK(user.name() == "user");
    auto token = user.set("Ada");
    CHECK(user.get() == "Ada");
    CHECK(user.get("nobody") == "Ada");
    user.reset(token);
    CHECK_THROWS_AS(user.get(), std::out_of_range);
}

TEST_CASE("variables of the same name and type are different variables") {
    const context_var<int> a("x"), b("x");
    context().run([&] {
        a.set(1);
        CHECK(a.get() == 1);
        CHECK(b.get(2) == 2);
    });
}

TEST_CASE("a token takes one set back, also out of order, and knows the value before it") {
    context().run([] {
        auto first = depth.set(1);
        auto second = depth.set(2);
        CHECK(!first.old_value());
        CHECK(second.old_value() == 1);
        depth.reset(first);
        CHECK(depth.get() == 0);
        depth.reset(second);
        CHECK(depth.get() == 1);
    });
}

TEST_CASE("a token is good for one reset, of its own variable, in its own context") {
    const context_var<int> other("other");
    context here;
    here.run([&] {
        auto token = depth.set(1);
        CHECK_THROWS_AS(other.reset(token), std::invalid_argument);
        copy_context().run([&] { CHECK_THROWS_AS(depth.reset(token), std::invalid_argument); });
        context().run([&] { CHECK_THROWS_AS(depth.reset(token), std::invalid_argument); });
        CHECK(depth.get() == 1);
        depth.reset(token);
        CHECK(depth.get() == 0);
        CHECK_THROWS_AS(depth.reset(token), std::runtime_error);
    });
}

TEST_CASE("a token outlives its context, and does not fit the next one") {
    std::optional<context_token<int>> token;
    run_virtual([&]() -> coro<> {
        co_await create_task([&]() -> coro<> {
            token.emplace(depth.set(1));
            co_return;
        });
        co_await create_task([&]() -> coro<> {
            depth.set(2);
            CHECK_THROWS_AS(depth.reset(*token), std::invalid_argument);
            co_return;
        });
    });
    CHECK_THROWS_AS(depth.reset(*token), std::invalid_argument);
}

TEST_CASE("a guard takes the value back at the end of its block, also on an exception and around an await") {
    run_virtual([]() -> coro<> {
        auto inside = []() -> coro<> {
            auto restored = depth.set_guard(1);
            co_await sleep(1s);
            CHECK(depth.get() == 1);
            throw std::domain_error("x");
        };
        std::string raised;
        try {
            co_await inside();
        } catch (const std::domain_error& e) {
            raised = e.what();
        }
        CHECK(raised == "x");
        CHECK(depth.get() == 0);
    });
}

TEST_CASE("a guard whose task is destroyed with the loop does nothing to the context that it is destroyed in") {
    auto outside = depth.set_guard(5);
    {
        loop l;
        l.set_exception_handler([](loop&, const exception_context&) {});
        auto waits = []() -> coro<> {
            auto restored = depth.set_guard(1);
            co_await create_future();
        };
        auto main = [&]() -> coro<> {
            create_task(waits());
            co_await turns(1);
        };
        l.run_until_complete(main());
    }
    CHECK(depth.get() == 5);
}

TEST_CASE("10.01 what wait_for awaits runs in the caller's context") {
    run_virtual([]() -> coro<> {
        auto sets = []() -> coro<> {
            depth.set(3);
            co_return;
        };
        co_await wait_for(sets(), 1s);
        CHECK(depth.get() == 3);
    });
}
