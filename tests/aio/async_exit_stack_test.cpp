#include "tests/support/run_virtual.hpp"

#include <girin/async_exit_stack.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

auto suppress_everything() {
    return [](std::exception_ptr) -> coro<bool> { co_return true; };
}

}  // namespace

TEST_CASE("run returns what its body returns, after the clean-up") {
    run_virtual([]() -> coro<> {
        bool cleaned = false;
        auto body = [&](async_exit_stack& stack) -> coro<std::unique_ptr<int>> {
            stack.push_async_callback([&]() -> coro<> {
                co_await sleep(1s);
                cleaned = true;
            });
            co_return std::make_unique<int>(3);
        };
        auto three = co_await async_exit_stack::run(body);
        CHECK(*three == 3);
        CHECK(cleaned);
    });
}

TEST_CASE("a body that has nothing to return does not return, though its exception was suppressed") {
    run_virtual([]() -> coro<> {
        auto body = [](async_exit_stack& stack) -> coro<int> {
            stack.push_async_exit(suppress_everything());
            throw std::domain_error("x");
            co_return 1;
        };
        CHECK_THROWS_AS(co_await async_exit_stack::run(body), std::domain_error);
        auto returns_nothing = [](async_exit_stack& stack) -> coro<> {
            stack.push_async_exit(suppress_everything());
            throw std::domain_error("x");
            co_return;
        };
        co_await async_exit_stack::run(returns_nothing);
    });
}

TEST_CASE("a context may be entered without a result, and lives until it has been left") {
    struct context {
        std::shared_ptr<int> alive;
        coro<> aenter() { co_await sleep(0s); }
        coro<bool> aexit(std::exception_ptr) {
            co_await sleep(1s);
            CHECK(alive.use_count() == 2);
            co_return false;
        }
    };
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        co_await async_exit_stack::run([&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(context{alive});
            CHECK(alive.use_count() == 2);
        });
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("aclose raises what the clean-up raises, and leaves the stack empty") {
    run_virtual([]() -> coro<> {
        async_exit_stack stack;
        int called = 0;
        stack.push_async_callback([&] { ++called; });
        stack.push_async_callback([] { throw std::domain_error("x"); });
        CHECK_THROWS_AS(co_await stack.aclose(), std::domain_error);
        CHECK(called == 1);
        co_await stack.aclose();
        CHECK(called == 1);
    });
}

TEST_CASE("a stack that is destroyed calls nothing, and frees what it has") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        bool called = false;
        {
            async_exit_stack stack;
            stack.push_async_callback([&, alive] { called = true; });
        }
        CHECK_FALSE(called);
        CHECK(alive.use_count() == 1);
        co_return;
    });
}

TEST_CASE("a stack whose clean-up is under way may go with its loop") {
    auto alive = std::make_shared<int>();
    {
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(
                [](std::shared_ptr<int> owned) -> coro<> {
                    co_await async_exit_stack::run([&](async_exit_stack& stack) -> coro<> {
                        stack.push_async_callback([owned] {});
                        stack.push_async_callback([owned]() -> coro<> { co_await sleep(1h); });
                        co_return;
                    });
                },
                alive);
            loop::running().call_later(1s, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
}
