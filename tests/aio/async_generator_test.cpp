#include "tests/support/run_virtual.hpp"

#include <girin/async_generator.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/try_finally.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

async_generator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) {
        co_await sleep(1s);
        co_yield i;
    }
}

// Notes when it is closed, which takes a while.
async_generator<int> with_cleanup(std::string& events, std::string name) {
    co_await sleep(0s);
    bool closing = false;
    try {
        co_yield 1;
        co_yield 2;
    } catch (const generator_exit&) {
        closing = true;
    }
    co_await sleep(1s);
    events += name;
    if (closing) throw generator_exit();
}

}  // namespace

TEST_CASE("items arrive in order, and after the end there is nothing, again and again") {
    run_virtual([]() -> coro<> {
        auto g = count_to(3);
        std::vector<int> items;
        while (auto item = co_await g.next()) items.push_back(*item);
        CHECK(items == std::vector{1, 2, 3});
        for (int i = 0; i < 2; ++i) {
            auto end = co_await g.next();
            CHECK_FALSE(end);
        }
    });
}

TEST_CASE("nothing runs before the first next") {
    run_virtual([]() -> coro<> {
        bool started = false;
        auto argument = std::make_shared<int>();
        auto body = [&started](std::shared_ptr<int>) -> async_generator<int> {
            started = true;
            co_yield 1;
        };
        {
            auto never = body(argument);
            auto closed = body(argument);
            co_await closed.aclose();
            auto end = co_await closed.next();
            CHECK_FALSE(end);
        }
        CHECK_FALSE(started);
        CHECK(argument.use_count() == 1);
    });
}

TEST_CASE("items may be move-only") {
    run_virtual([]() -> coro<> {
        auto body = []() -> async_generator<std::unique_ptr<int>> { co_yield std::make_unique<int>(4); };
        auto g = body();
        auto item = co_await g.next();
        CHECK(**item == 4);
    });
}

TEST_CASE("a million items do not deepen the stack") {
    run_virtual([]() -> coro<> {
        auto body = []() -> async_generator<int> {
            for (int i = 0; i < 1'000'000; ++i) co_yield 1;
        };
        auto g = body();
        int sum = 0;
        while (auto item = co_await g.next()) sum += *item;
        CHECK(sum == 1'000'000);
    });
}

TEST_CASE("an exception of the body is raised once, and then the generator is over") {
    run_virtual([]() -> coro<> {
        auto body = []() -> async_generator<int> {
            co_yield 1;
            throw std::domain_error("x");
        };
        auto g = body();
        co_await g.next();
        CHECK_THROWS_AS(co_await g.next(), std::domain_error);
        auto end = co_await g.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("a generator serves one caller at a time") {
    run_virtual([]() -> coro<> {
        auto g = count_to(2);
        auto first = create_task([&]() -> coro<int> { co_return *co_await g.next(); });
        co_await sleep(0s);
        CHECK_THROWS_AS(co_await g.next(), std::runtime_error);
        CHECK_THROWS_AS(co_await g.aclose(), std::runtime_error);
        int value = co_await first;
        CHECK(value == 1);
        auto second = co_await g.next();
        CHECK(*second == 2);
    });
}

TEST_CASE("aclose waits for the clean-up, and does nothing on one that is over") {
    run_virtual([]() -> coro<> {
        std::string events;
        auto g = with_cleanup(events, "a");
        co_await g.next();
        co_await g.aclose();
        CHECK(events == "a");
        co_await g.aclose();
        CHECK(events == "a");
    });
}

TEST_CASE("aclose raises what the clean-up raises") {
    run_virtual([]() -> coro<> {
        auto body = []() -> async_generator<int> {
            try {
                co_yield 1;
            } catch (const generator_exit&) {
                throw std::domain_error("clean-up");
            }
        };
        auto g = body();
        co_await g.next();
        CHECK_THROWS_AS(co_await g.aclose(), std::domain_error);
    });
}

TEST_CASE("a generator that yields instead of closing makes aclose raise, and goes on") {
    run_virtual([]() -> coro<> {
        auto body = []() -> async_generator<int> {
            try {
                co_yield 1;
            } catch (const generator_exit&) {
            }
            co_yield 2;
            co_yield 3;
        };
        auto g = body();
        co_await g.next();
        CHECK_THROWS_AS(co_await g.aclose(), std::runtime_error);
        auto item = co_await g.next();
        CHECK(item == 3);
    });
}

TEST_CASE("leaving a loop over a generator early does not close it") {
    run_virtual([]() -> coro<> {
        auto g = count_to(3);
        while (auto item = co_await g.next())
            if (*item == 1) break;
        auto next = co_await g.next();
        CHECK(next == 2);
    });
}

TEST_CASE("a generator that is dropped is destroyed at its yield") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        auto body = [](std::shared_ptr<int>) -> async_generator<int> { co_yield 1; };
        {
            auto g = body(alive);
            co_await g.next();
            CHECK(alive.use_count() == 2);
        }
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("a cancellation of the calling task is raised in the body's own await") {
    run_virtual([]() -> coro<> {
        bool seen = false;
        auto body = [&]() -> async_generator<int> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                seen = true;
                throw;
            }
            co_yield 1;
        };
        auto g = body();
        auto t = create_task([&]() -> coro<> { co_await g.next(); });
        co_await sleep(0s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK(seen);
        auto end = co_await g.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("a body may await in the task of one caller after another") {
    run_virtual([]() -> coro<> {
        std::vector<any_task> tasks;
        auto body = [&]() -> async_generator<int> {
            for (int i = 0; i < 2; ++i) {
                tasks.push_back(current_task());
                co_await sleep(1s);
                co_yield i;
            }
        };
        auto g = body();
        for (int i = 0; i < 2; ++i) co_await create_task([&]() -> coro<> { co_await g.next(); });
        CHECK(tasks.size() == 2);
        CHECK_FALSE(tasks.at(0) == tasks.at(1));
    });
}

TEST_CASE("run closes suspended generators, and one that another one iterates before that") {
    std::string events;
    std::optional<async_generator<int>> kept;
    auto outer = [&]() -> async_generator<int> {
        auto inner = with_cleanup(events, "inner ");
        co_await inner.next();
        bool closing = false;
        try {
            co_yield 1;
        } catch (const generator_exit&) {
            closing = true;
        }
        co_await sleep(1s);
        events += "outer";
        if (closing) throw generator_exit();
    };
    run_virtual([&]() -> coro<> {
        kept.emplace(outer());
        co_await kept->next();
    });
    CHECK(events == "inner outer");
}

TEST_CASE("a generator that fails to close is reported, and the others are closed") {
    std::string events;
    std::vector<std::string> reported;
    std::optional<async_generator<int>> bad, stubborn, good;
    auto fails = []() -> async_generator<int> {
        try {
            co_yield 1;
        } catch (const generator_exit&) {
            throw std::domain_error("x");
        }
    };
    auto ignores = []() -> async_generator<int> {
        for (int i = 0;; ++i) {
            try {
                co_yield i;
            } catch (const generator_exit&) {
            }
        }
    };
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        good.emplace(with_cleanup(events, "good"));
        bad.emplace(fails());
        stubborn.emplace(ignores());
        for (auto* g : {&good, &bad, &stubborn}) co_await (*g)->next();
    });
    CHECK(events == "good");
    CHECK(reported == std::vector<std::string>(2, "an error occurred during closing of asynchronous generator"));
}

TEST_CASE("a generator may outlive its loop") {
    std::optional<async_generator<int>> suspended, waiting;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            suspended.emplace([]() -> async_generator<int> { co_yield 1; }());
            waiting.emplace(count_to(1));
            create_task([&]() -> coro<> {
                co_await suspended->next();
                co_await waiting->next();
            });
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    }
    suspended.reset();
    waiting.reset();
}
