#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/task_groups.hpp"
#include "tests/support/turns.hpp"

#include <girin/async_generator.hpp>
#include <girin/event.hpp>
#include <girin/sleep.hpp>
#include <girin/task_group.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::end_of;
using girin::test::fail;
using girin::test::run_virtual;
using girin::test::sleep_for;
using girin::test::turns;

TEST_CASE("12.01 leaving the block waits for all children, also those added while waiting") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        bool late = false;
        co_await task_group::run([&](task_group& group) -> coro<> {
            group.create_task(sleep_for(1s));
            group.create_task([&late, group]() -> coro<> {
                co_await sleep(2s);
                group.create_task([&late]() -> coro<> {
                    co_await sleep(3s);
                    late = true;
                });
            });
            co_return;
        });
        CHECK(late);
        CHECK(loop::running().time() - start == 5s);
    });
}

TEST_CASE("12.02 children may add children until the last one has finished") {
    run_virtual([]() -> coro<> {
        int made = 0;
        struct generations {
            static coro<> next(task_group group, int& made) {
                co_await turns(1);
                if (++made < 10) group.create_task(next(group, made));
            }
        };
        co_await task_group::run([&](task_group& group) -> coro<> {
            group.create_task(generations::next(group, made));
            co_return;
        });
        CHECK(made == 10);
    });
}

TEST_CASE("12.20 create_task once the group is shutting down is refused, and disposes of the coroutine") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        auto holding = [](std::shared_ptr<int>) -> coro<> { co_return; };
        std::string refused;
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(fail("child"));
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                try {
                    group.create_task(holding(alive));
                } catch (const std::runtime_error& e) {
                    refused = e.what();
                }
            }
        }));
        CHECK(outcome == "[child]");
        CHECK(refused == "this task_group is shutting down, as somebody failed or cancelled it: no more tasks");
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("12.20 create_task after the end is refused, and disposes of the coroutine and of the callable") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        auto holding = [](std::shared_ptr<int>) -> coro<> { co_return; };
        std::optional<task_group> ended;
        co_await task_group::run([&](task_group& group) -> coro<> {
            ended = group;
            co_return;
        });
        CHECK_THROWS_WITH_AS(ended->create_task(holding(alive)),
                             "this task_group has ended: make tasks while its body or another of its tasks runs",
                             std::runtime_error);
        CHECK_THROWS_AS(ended->create_task(holding, alive), std::runtime_error);
        CHECK(alive.use_count() == 1);
        CHECK(all_tasks().size() == 1);
    });
}

TEST_CASE("12.20 create_task is allowed while the block waits for its last child") {
    run_virtual([]() -> coro<> {
        bool ran = false;
        std::optional<task_group> group_outside;
        auto parent = create_task(task_group::run([&](task_group& group) -> coro<> {
            group_outside = group;
            group.create_task(sleep_for(1s));
            co_return;
        }));
        co_await turns(3);
        group_outside->create_task([&]() -> coro<> {
            co_await sleep(2s);
            ran = true;
        });
        co_await parent;
        CHECK(ran);
    });
}

// A group exists only inside of run(), so none can be entered twice (12.20 before entering, 12.21).
TEST_CASE("12.21 a group outside a task is refused") {
    loop l;
    std::string refused;
    l.call_soon([&] {
        auto body = [](task_group&) -> coro<> { co_return; };
        auto started = task_group::run(body);
        try {
            started.handle().resume();
            started.handle().promise().result.take();
        } catch (const std::runtime_error& e) {
            refused = e.what();
        }
        loop::running().stop();
    });
    l.run_forever();
    CHECK(refused == "a task_group can only be run inside a task: make one with create_task");
}

TEST_CASE("12.22 create_task returns the task, which can be named, and awaited inside the block") {
    run_virtual([]() -> coro<> {
        int sum = co_await task_group::run([](task_group& group) -> coro<int> {
            auto add = [](int a, int b) -> coro<int> {
                co_await sleep(1s);
                co_return a + b;
            };
            auto named = group.create_task({.name = "adder"}, add, 1, 2);
            CHECK(named.get_name() == "adder");
            auto eager = group.create_task({.eager_start = true}, add, 3, 4);
            event e;
            auto waiting = group.create_task(e.wait(), {.name = "waiter"});
            CHECK(waiting.get_name() == "waiter");
            e.set();
            int first = co_await named;
            int second = co_await eager;
            co_return first + second;
        });
        CHECK(sum == 10);
    });
}

TEST_CASE("12.24 a child's result stays available after the block, and the group keeps nothing alive") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        task<int> child;
        std::optional<task_group> outside;
        co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            outside = group;
            child = group.create_task([](std::shared_ptr<int>) -> coro<int> { co_return 5; }, alive);
            group.create_task([](std::shared_ptr<int>) -> coro<> { co_await fail("x"); }, alive);
            co_return;
        }));
        CHECK(child.result() == 5);
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("the body's result may be a reference or move-only, and the body gets a handle that it may copy") {
    run_virtual([]() -> coro<> {
        int object = 1;
        int& same = co_await task_group::run([&](task_group) -> coro<int&> { co_return object; });
        CHECK(&same == &object);
        auto owner = co_await task_group::run(
            [](const task_group&) -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); });
        CHECK(*owner == 2);
    });
}

TEST_CASE("what a body's callable holds lives until the last child has ended") {
    run_virtual([]() -> coro<> {
        auto text = std::make_shared<std::string>("alive");
        std::string seen;
        co_await task_group::run([text, &seen](task_group& group) -> coro<> {
            group.create_task([&text, &seen]() -> coro<> {
                co_await sleep(1s);
                seen = *text;
            });
            co_return;
        });
        CHECK(seen == "alive");
        CHECK(text.use_count() == 1);
    });
}

TEST_CASE("a loop may be closed while a task_group runs") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(
                [](std::shared_ptr<int> held) -> coro<> {
                    co_await task_group::run([held](task_group& group) -> coro<> {
                        group.create_task([](std::shared_ptr<int>, task_group) -> coro<> { co_await sleep(1h); }, held,
                                          group);
                        co_await sleep(1h);
                    });
                },
                alive);
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("a group's run() in a generator may be dropped after its loop is gone") {
    auto alive = std::make_shared<int>();
    std::unique_ptr<async_generator<int>> generator;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            auto numbers = [](std::shared_ptr<int> held) -> async_generator<int> {
                co_await task_group::run([held](task_group& group) -> coro<> {
                    group.create_task([](std::shared_ptr<int>) -> coro<> { co_await sleep(1h); }, held);
                    co_await sleep(1h);
                });
                co_yield 1;
            };
            generator = std::make_unique<async_generator<int>>(numbers(alive));
            create_task([&]() -> coro<> { co_await generator->next(); });
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() > 1);
    generator.reset();
    CHECK(alive.use_count() == 1);
}
