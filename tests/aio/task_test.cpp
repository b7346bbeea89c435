#include "tests/support/run_virtual.hpp"

#include <girin/future.hpp>
#include <girin/gather.hpp>
#include <girin/queue.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

coro<> nothing() {
    co_return;
}

}  // namespace

TEST_CASE("create_task refuses a coroutine that was awaited already, and needs a running loop") {
    run_virtual([]() -> coro<> {
        auto c = nothing();
        co_await std::move(c);
        CHECK_THROWS_AS(create_task(std::move(c)), std::runtime_error);
    });
    CHECK_THROWS_AS(create_task(nothing()), std::runtime_error);
}

TEST_CASE("create_task moves a callable and its arguments into the task") {
    run_virtual([]() -> coro<> {
        auto argument = std::make_unique<int>(4);
        auto captured = std::make_shared<int>(3);
        task<int> t = create_task(
            [captured](std::unique_ptr<int> n) -> coro<int> {
                co_await sleep(0s);
                co_return *captured + *n;
            },
            std::move(argument));
        CHECK(captured.use_count() == 2);
        int value = co_await t;
        CHECK(value == 7);
        CHECK(captured.use_count() == 1);
    });
}

TEST_CASE("a task that nobody holds runs to its end") {
    run_virtual([]() -> coro<> {
        bool ended = false;
        create_task([&]() -> coro<> {
            co_await sleep(1s);
            ended = true;
        });
        co_await sleep(2s);
        CHECK(ended);
    });
}

TEST_CASE("a task that awaits itself gets an exception") {
    run_virtual([]() -> coro<> {
        task<> t;
        auto body = [&]() -> coro<> { co_await t; };
        t = create_task(body());
        std::string message;
        try {
            co_await t;
        } catch (const std::runtime_error& e) {
            message = e.what();
        }
        CHECK(message == "Task cannot await on itself");
    });
}

TEST_CASE("5.09 task names are Task-N with N increasing, and can be given or set") {
    run_virtual([]() -> coro<> {
        auto a = create_task(nothing());
        auto b = create_task(nothing());
        auto number = [](const task<>& t) { return std::stoul(t.get_name().substr(5)); };
        CHECK(a.get_name().substr(0, 5) == "Task-");
        CHECK(number(b) == number(a) + 1);
        a.set_name("mine");
        CHECK(a.get_name() == "mine");
        auto c = create_task(nothing(), {.name = "yours"});
        CHECK(c.get_name() == "yours");
        auto d = create_task({.name = "theirs"}, nothing);
        CHECK(d.get_name() == "theirs");
        queue<int> q;
        auto e = create_task(q.get(), {.name = "the queue's"});
        CHECK(e.get_name() == "the queue's");
        q.put_nowait(1);
        auto f = create_task(nothing());
        CHECK(number(f) == number(b) + 4);
        co_await gather(a, b, c, d, f);
        co_await e;
    });
}

TEST_CASE("all_tasks are those that are not done, the current one and those not yet started included") {
    run_virtual([]() -> coro<> {
        CHECK(all_tasks().size() == 1);
        auto t = create_task(nothing());
        CHECK(all_tasks().size() == 2);
        co_await t;
        CHECK(all_tasks().size() == 1);
    });
}

TEST_CASE("a callable and its arguments can be started eagerly, and may be a member function") {
    struct service {
        int served = 0;
        coro<int> serve(int n) {
            served += n;
            co_await sleep(0s);
            co_return served;
        }
    };
    run_virtual([]() -> coro<> {
        service s;
        auto eager = create_task({.eager_start = true}, [](int n) -> coro<int> { co_return n; }, 5);
        CHECK(eager.done());
        CHECK(eager.result() == 5);
        auto member = create_task({.eager_start = true}, &service::serve, &s, 2);
        CHECK(s.served == 2);
        auto later = create_task(&service::serve, std::ref(s), 3);
        int first = co_await member;
        int second = co_await later;
        CHECK(first == 2);
        CHECK(second == 5);
    });
}

TEST_CASE("keyboard_interrupt from a task leaves the loop and is the task's exception") {
    loop l;
    task<> t;
    auto body = []() -> coro<> {
        co_await sleep(0s);
        throw keyboard_interrupt();
    };
    auto start = [&]() -> coro<> {
        t = create_task(body());
        co_await t;
    };
    CHECK_THROWS_AS(l.run_until_complete(start()), keyboard_interrupt);
    CHECK(t.done());
    CHECK_THROWS_AS(t.result(), keyboard_interrupt);
}

TEST_CASE("what a task returns is moved, never copied") {
    struct counted {
        int copies = 0;
        counted() = default;
        counted(const counted& other) : copies(other.copies + 1) {}
        counted(counted&& other) noexcept : copies(other.copies) {}
    };
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<counted> { co_return counted(); };
        counted result = co_await create_task(body());
        CHECK(result.copies == 0);
        auto t = create_task(body());
        counted copied = co_await t;
        CHECK(copied.copies == 1);
    });
}

TEST_CASE("awaiting outside a task raises") {
    struct fire_and_forget {
        struct promise_type {
            fire_and_forget get_return_object() { return {}; }
            std::suspend_never initial_suspend() { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() { std::terminate(); }
        };
    };
    loop l;
    bool refused = false;
    auto body = [&]() -> fire_and_forget {
        try {
            co_await sleep(1s);
        } catch (const std::runtime_error&) {
            refused = true;
        }
    };
    l.call_soon([&] { body(); });
    l.stop();
    l.run_forever();
    CHECK(refused);
}

TEST_CASE("5.15 a task and a future know their loop, as long as it is there") {
    future<int> kept;
    {
        loop l;
        auto main = [&]() -> coro<> {
            kept = create_future<int>();
            auto t = create_task(nothing());
            CHECK(&t.get_loop() == &l);
            CHECK(&current_task().get_loop() == &l);
            co_await t;
        };
        l.run_until_complete(main());
        CHECK(&kept.get_loop() == &l);
    }
    CHECK_THROWS_AS(kept.get_loop(), std::runtime_error);
}

TEST_CASE("5.20 ensure_future returns futures unchanged, and makes a task of a coroutine") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        CHECK(ensure_future(f) == f);
        auto made = create_task(nothing());
        CHECK(ensure_future(made) == made);
        task<> of_coroutine = ensure_future(nothing());
        queue<int> q;
        task<int> of_operation = ensure_future(q.get());
        q.put_nowait(1);
        co_await of_coroutine;
        int got = co_await of_operation;
        CHECK(got == 1);
        co_await made;
    });
}

TEST_CASE("a task takes at most 256 bytes beside its coroutine's frame") {
    CHECK(girin::detail::frame_pool::rounded(sizeof(girin::detail::task_state<void>)) <= 256);
    CHECK(girin::detail::frame_pool::rounded(sizeof(girin::detail::task_state<int>)) <= 256);
    CHECK(girin::detail::frame_pool::rounded(sizeof(girin::detail::task_state<std::unique_ptr<int>>)) <= 256);
}

TEST_CASE("5.09 task numbers are counted over the process, loops of other threads included") {
    auto number = []() -> coro<unsigned long> { co_return std::stoul(current_task().get_name().substr(5)); };
    unsigned long first = run(number()), second = 0;
    std::thread([&] { second = run(number()); }).join();
    CHECK(second > first);
    CHECK(run(number()) > second);
}
