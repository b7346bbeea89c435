#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/as_completed.hpp>
#include <girin/gather.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/task_group.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

coro<int> value(int n, int pauses) {
    co_await turns(pauses);
    co_return n;
}

coro<> fail() {
    throw std::domain_error("eager");
    co_return;
}

bool among_all(const any_task& t) {
    auto all = all_tasks();
    return std::find(all.begin(), all.end(), t) != all.end();
}

}  // namespace

TEST_CASE("26.01 an eager task runs inside create_task up to its first real suspension") {
    run_virtual([]() -> coro<> {
        std::vector<int> steps;
        auto done = create_future<int>();
        done.set_result(5);
        auto body = [&]() -> coro<> {
            steps.push_back(co_await value(1, 0));
            steps.push_back(co_await done);
            co_await sleep(0s);
            steps.push_back(2);
        };
        auto t = create_task(body(), {.eager_start = true});
        CHECK(steps == std::vector{1, 5});
        co_await t;
        CHECK(steps == std::vector{1, 5, 2});
    });
}

TEST_CASE("26.02 one that ends there is done when create_task returns, and awaiting it does not suspend") {
    run_virtual([]() -> coro<> {
        turn_watch watch;
        auto t = create_task(value(1, 0), {.eager_start = true});
        CHECK(t.done());
        int result = co_await t;
        CHECK(result == 1);
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("26.03 one that suspends goes on as any other task, in order with those that were scheduled") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> order;
        auto note = [&](std::string name) -> coro<> {
            order.push_back(name + " 1");
            co_await sleep(0s);
            order.push_back(name + " 2");
        };
        auto lazy = create_task(note("lazy"));
        auto eager = create_task(note("eager"), {.eager_start = true});
        co_await lazy;
        co_await eager;
        CHECK(order == std::vector<std::string>{"eager 1", "lazy 1", "eager 2", "lazy 2"});
    });
}

TEST_CASE("26.04 during the eager step current_task is the new task, with its name, and then the creator again") {
    run_virtual([]() -> coro<> {
        any_task outer = current_task(), inner;
        std::string name;
        auto body = [&]() -> coro<> {
            inner = current_task();
            name = current_task().get_name();
            co_await sleep(0s);
            CHECK(current_task() == inner);
        };
        task<> t = create_task(body(), {.name = "inner", .eager_start = true});
        CHECK(inner == any_task(t));
        CHECK(name == "inner");
        CHECK(current_task() == outer);
        co_await t;
        CHECK(current_task() == outer);
    });
}

TEST_CASE("26.04 eager starts nest, and a callback may start one") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> order;
        auto inner = [&]() -> coro<> {
            order.push_back(current_task().get_name());
            co_await sleep(0s);
        };
        auto outer = [&]() -> coro<> {
            auto t = create_task(inner(), {.name = "inner", .eager_start = true});
            order.push_back(current_task().get_name());
            co_await t;
        };
        loop::running().call_soon([&] {
            create_task(outer(), {.name = "outer", .eager_start = true});
            order.push_back(current_task() ? "a task" : "no task");
        });
        co_await turns(4);
        CHECK(order == std::vector<std::string>{"inner", "outer", "no task"});
    });
}

TEST_CASE("26.06 it is one of all_tasks while it runs eagerly, and not if it has ended there") {
    run_virtual([]() -> coro<> {
        bool listed = false;
        auto body = [&]() -> coro<> {
            listed = among_all(current_task());
            co_return;
        };
        auto t = create_task(body(), {.eager_start = true});
        CHECK(listed);
        CHECK_FALSE(among_all(t));
        auto suspended = create_task(value(1, 1), {.eager_start = true});
        CHECK(among_all(suspended));
        co_await suspended;
    });
}

TEST_CASE("26.07 an exception in the eager step is stored in the task, not raised by create_task") {
    run_virtual([]() -> coro<> {
        auto t = create_task(fail(), {.eager_start = true});
        CHECK(t.done());
        CHECK_THROWS_AS(t.result(), std::domain_error);
        co_return;
    });
}

TEST_CASE("26.07 keyboard_interrupt from an eager step is raised by create_task") {
    run_virtual([]() -> coro<> {
        any_task self = current_task();
        auto body = []() -> coro<> {
            throw keyboard_interrupt();
            co_return;
        };
        CHECK_THROWS_AS(create_task(body(), {.eager_start = true}), keyboard_interrupt);
        CHECK(current_task() == self);
        co_return;
    });
}

TEST_CASE("26.08 one that has ended cannot be cancelled, and one that has suspended can, with a message") {
    run_virtual([]() -> coro<> {
        auto ended = create_task(value(1, 0), {.eager_start = true});
        CHECK_FALSE(ended.cancel());
        auto suspended = create_task(value(1, 5), {.eager_start = true});
        CHECK(suspended.cancel("why"));
        std::string message;
        try {
            co_await suspended;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(message == "why");
        CHECK(suspended.cancelled());
    });
}

TEST_CASE("26.08 one that cancels itself in the eager step is interrupted at its first suspension") {
    run_virtual([]() -> coro<> {
        bool went_on = false;
        auto body = [&]() -> coro<> {
            current_task().cancel("self");
            co_await sleep(0s);
            went_on = true;
        };
        auto t = create_task(body(), {.eager_start = true});
        CHECK_FALSE(t.done());
        co_await wait({t});
        CHECK(t.cancelled());
        CHECK_FALSE(went_on);
    });
}

TEST_CASE("26.11 gather, task_group, wait and as_completed give the same results with eager tasks") {
    for (bool eager : {false, true}) {
        run_virtual([eager]() -> coro<> {
            auto make = [&](int n, int pauses) { return create_task(value(n, pauses), {.eager_start = eager}); };
            auto all = co_await gather(make(1, 2), make(2, 0), make(3, 1));
            CHECK(all == std::tuple(1, 2, 3));
            int sum = co_await task_group::run([&](task_group& group) -> coro<int> {
                auto a = group.create_task(value(4, 0), {.eager_start = eager});
                auto b = group.create_task(value(5, 2), {.eager_start = eager});
                int first = co_await a, second = co_await b;
                co_return first + second;
            });
            CHECK(sum == 9);
            auto ends = co_await wait({make(1, 0), make(2, 3)}, {.return_when = first_completed});
            CHECK(ends.done.size() == 1);
            std::vector<int> completed;
            auto each = as_completed({make(6, 4), make(7, 2), make(8, 0)});
            while (auto done = co_await each.next()) completed.push_back(done->result());
            CHECK(completed == std::vector{8, 7, 6});
        });
    }
}
