#include "tests/support/run_virtual.hpp"

#include <girin/coro.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

coro<int> count_down(int n) {
    if (n == 0) co_return 0;
    co_return 1 + co_await count_down(n - 1);
}

coro<int> sleep_at_the_bottom(int n) {
    if (n == 0) {
        co_await sleep(1s);
        co_return 0;
    }
    co_return 1 + co_await sleep_at_the_bottom(n - 1);
}

coro<> throw_at_the_bottom(int n) {
    if (n == 0) throw std::runtime_error("bottom");
    co_await throw_at_the_bottom(n - 1);
}

}  // namespace

TEST_CASE("a coroutine that was never started frees its arguments and runs nothing") {
    auto argument = std::make_shared<int>();
    bool ran = false;
    auto body = [&ran](std::shared_ptr<int>) -> coro<> {
        ran = true;
        co_return;
    };
    {
        coro<> c = body(argument);
        CHECK(argument.use_count() == 2);
    }
    CHECK(argument.use_count() == 1);
    CHECK_FALSE(ran);
}

TEST_CASE("awaiting yields values, move-only values, references and nothing") {
    run_virtual([]() -> coro<> {
        int variable = 1;
        auto move_only = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); };
        auto reference = [&]() -> coro<int&> { co_return variable; };
        auto from_braces = []() -> coro<std::vector<int>> { co_return {1, 2, 3}; };
        auto nothing = [&]() -> coro<> {
            ++variable;
            co_return;
        };
        auto owned = co_await move_only();
        CHECK(*owned == 2);
        int& same = co_await reference();
        CHECK(&same == &variable);
        auto list = co_await from_braces();
        CHECK(list.size() == 3);
        co_await nothing();
        CHECK(variable == 2);
    });
}

TEST_CASE("an awaited coroutine cannot be awaited again") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<int> { co_return 1; };
        auto c = body();
        int first = co_await std::move(c);
        CHECK(first == 1);
        CHECK_FALSE(c);
        bool refused = false;
        try {
            co_await std::move(c);
        } catch (const std::runtime_error& e) {
            refused = std::string(e.what()) == "cannot reuse already awaited coroutine";
        }
        CHECK(refused);
    });
}

TEST_CASE("an exception passes through every await and can be caught at any level") {
    run_virtual([]() -> coro<> {
        auto bottom = []() -> coro<int> {
            throw std::domain_error("deep");
            co_return 1;
        };
        auto middle = [&]() -> coro<int> { co_return co_await bottom(); };
        auto catches = [&]() -> coro<int> {
            try {
                co_return co_await middle();
            } catch (const std::domain_error&) {
                co_return 2;
            }
        };
        int value = co_await catches();
        CHECK(value == 2);
        bool raised = false;
        try {
            co_await middle();
        } catch (const std::domain_error&) {
            raised = true;
        }
        CHECK(raised);
    });
}

TEST_CASE("a callee's frame is gone when its value has been used") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        auto body = [](std::shared_ptr<int>) -> coro<int> { co_return 1; };
        int value = co_await body(alive);
        CHECK(value == 1);
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("a million awaits that complete at once do not deepen the stack") {
    run_virtual([]() -> coro<> {
        auto one = []() -> coro<int> { co_return 1; };
        int sum = 0;
        for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
        CHECK(sum == 1'000'000);
    });
}

TEST_CASE("coroutines can call each other a hundred thousand deep") {
    run_virtual([]() -> coro<> {
        int depth = co_await count_down(100'000);
        CHECK(depth == 100'000);
        depth = co_await sleep_at_the_bottom(100'000);
        CHECK(depth == 100'000);
        bool raised = false;
        try {
            co_await throw_at_the_bottom(10'000);
        } catch (const std::runtime_error&) {
            raised = true;
        }
        CHECK(raised);
    });
}
