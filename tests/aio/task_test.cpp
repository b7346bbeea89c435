#include "tests/support/run_virtual.hpp"

#include <girin/async_generator.hpp>
#include <girin/future.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

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

coro<> nothing() {
    co_return;
}

coro<> sleep_long() {
    co_await sleep(1h);
}

template <class Awaitable>
coro<std::string> cancellation_of(Awaitable awaited) {
    try {
        co_await awaited;
    } catch (const cancelled_error& e) {
        co_return "cancelled:" + e.message();
    }
    co_return "not cancelled";
}

struct sets_flag {
    bool* flag;
    ~sets_flag() { *flag = true; }
};

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

TEST_CASE("task names are Task-N with N increasing, and can be set") {
    run_virtual([]() -> coro<> {
        auto a = create_task(nothing());
        auto b = create_task(nothing());
        auto number = [](const task<>& t) { return std::stoul(t.get_name().substr(5)); };
        CHECK(a.get_name().substr(0, 5) == "Task-");
        CHECK(number(b) == number(a) + 1);
        a.set_name("mine");
        CHECK(a.get_name() == "mine");
        co_await a;
        co_await b;
    });
}

TEST_CASE("current_task is the task whose body runs, also around an eager start") {
    run_virtual([]() -> coro<> {
        any_task outer = current_task(), inner;
        auto body = [&]() -> coro<> {
            inner = current_task();
            co_await sleep(0s);
            CHECK(current_task() == inner);
        };
        task<> t = create_task(eager_start, body());
        CHECK(inner == any_task(t));
        CHECK(current_task() == outer);
        co_await t;
        CHECK(current_task() == outer);
    });
}

TEST_CASE("all_tasks are those that are not done, the current one and those not yet started included") {
    run_virtual([]() -> coro<> {
        CHECK(all_tasks().size() == 1);
        auto t = create_task(nothing());
        CHECK(all_tasks().size() == 2);
        co_await t;
        CHECK(all_tasks().size() == 1);
        auto eager = create_task(eager_start, nothing());
        CHECK(eager.done());
        CHECK(all_tasks().size() == 1);
    });
}

TEST_CASE("an eager task's exception is stored in it, not raised by create_task") {
    run_virtual([]() -> coro<> {
        auto bad = []() -> coro<> {
            throw std::domain_error("x");
            co_return;
        };
        auto t = create_task(eager_start, bad());
        CHECK(t.done());
        CHECK_FALSE(t.cancel());
        CHECK_THROWS_AS(t.result(), std::domain_error);
        co_return;
    });
}

TEST_CASE("a task whose body raises cancelled_error unasked ends cancelled, with its message") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<> {
            throw cancelled_error("mine");
            co_return;
        };
        auto t = create_task(body());
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:mine");
        CHECK(t.cancelled());
        CHECK(t.cancelling() == 0);
    });
}

TEST_CASE("an exception raised while a task unwinds becomes its exception") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw std::domain_error("unwinding");
            }
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, std::domain_error);
        CHECK_FALSE(t.cancelled());
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

TEST_CASE("keyboard_interrupt from an eager step is raised by create_task") {
    run_virtual([]() -> coro<> {
        any_task self = current_task();
        auto body = []() -> coro<> {
            throw keyboard_interrupt();
            co_return;
        };
        CHECK_THROWS_AS(create_task(eager_start, body()), keyboard_interrupt);
        CHECK(current_task() == self);
        co_return;
    });
}

TEST_CASE("a cancelled task can be cancelled again, any number of times") {
    run_virtual([]() -> coro<> {
        int interrupted = 0;
        auto body = [&]() -> coro<> {
            while (interrupted < 3) {
                try {
                    co_await sleep(1h);
                } catch (const cancelled_error&) {
                    ++interrupted;
                }
            }
        };
        auto t = create_task(body());
        for (int i = 0; i < 3; ++i) {
            co_await sleep(0s);
            CHECK(t.cancel());
        }
        co_await t;
        CHECK(interrupted == 3);
        CHECK(t.cancelling() == 3);
    });
}

TEST_CASE("the first message is delivered when a waiting task is cancelled twice") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto on_future = create_task(cancellation_of(f));
        auto sleeper = create_task([]() -> coro<> { co_await sleep(1h); });
        auto on_task = create_task(cancellation_of(sleeper));
        co_await sleep(0s);
        for (const auto& t : {on_future, on_task}) {
            t.cancel("first");
            t.cancel("second");
        }
        auto of_future = co_await on_future;
        auto of_task = co_await on_task;
        CHECK(of_future == "cancelled:first");
        CHECK(of_task == "cancelled:first");
        CHECK(on_future.cancelling() == 2);
    });
}

TEST_CASE("two cancellations of a waiting task interrupt it once") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        int interrupted = 0;
        auto body = [&]() -> coro<> {
            for (int i = 0; i < 2; ++i) {
                try {
                    if (i == 0) co_await f;
                    co_await sleep(1s);
                } catch (const cancelled_error&) {
                    ++interrupted;
                }
            }
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        t.cancel();
        co_await t;
        CHECK(interrupted == 1);
    });
}

TEST_CASE("a cancellation during clean-up interrupts the clean-up's await") {
    run_virtual([]() -> coro<> {
        bool cleaned_up = false;
        auto body = [&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_await sleep(1h);
            cleaned_up = true;
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        co_await sleep(0s);
        t.cancel();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:");
        CHECK_FALSE(cleaned_up);
    });
}

TEST_CASE("a cancellation of a task that is woken already is raised instead of the result, whatever it waited for") {
    run_virtual([]() -> coro<> {
        auto slept = create_task([]() -> coro<> { co_await sleep(1s); });
        auto yielded = create_task([]() -> coro<> { co_await sleep(0s); });
        auto inner = create_task([]() -> coro<> { co_await sleep(0s); });
        auto on_task = create_task([](task<> awaited) -> coro<> { co_await awaited; }, inner);
        loop::running().call_later(1s, [slept] { slept.cancel(); });
        loop::running().call_soon([=] { yielded.cancel(); });
        inner.add_done_callback([on_task](auto) { on_task.cancel(); });
        for (const auto& t : {slept, yielded, on_task}) {
            auto outcome = co_await cancellation_of(t);
            CHECK(outcome == "cancelled:");
        }
        CHECK_FALSE(inner.cancelled());
    });
}

TEST_CASE("uncancel never goes below zero, and does not take back what is delivered") {
    run_virtual([]() -> coro<> {
        auto t = create_task(cancellation_of(create_task(sleep_long())));
        CHECK(t.uncancel() == 0);
        co_await sleep(0s);
        t.cancel("a");
        t.cancel("b");
        CHECK(t.cancelling() == 2);
        CHECK(t.uncancel() == 1);
        CHECK(t.uncancel() == 0);
        auto outcome = co_await t;
        CHECK(outcome == "cancelled:a");
    });
}

TEST_CASE("uncancel to zero before the start lets the task run") {
    run_virtual([]() -> coro<> {
        bool ran = false;
        auto t = create_task([&]() -> coro<> {
            ran = true;
            co_return;
        });
        t.cancel();
        t.uncancel();
        co_await t;
        CHECK(ran);
    });
}

TEST_CASE("a task that is cancelled before its start frees what it would have used") {
    run_virtual([]() -> coro<> {
        auto argument = std::make_shared<int>();
        auto t = create_task([](std::shared_ptr<int>) -> coro<> { co_return; }, argument);
        t.cancel();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:");
        CHECK(argument.use_count() == 1);
    });
}

TEST_CASE("cancelling one of many tasks that share a plain future cancels it for all") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto a = create_task(cancellation_of(f));
        auto b = create_task(cancellation_of(f));
        co_await sleep(0s);
        a.cancel("x");
        auto of_a = co_await a;
        auto of_b = co_await b;
        CHECK(of_a == "cancelled:x");
        CHECK(of_b == "cancelled:x");
        CHECK(a.cancelling() == 1);
        CHECK(b.cancelling() == 0);
    });
}

TEST_CASE("a destructor may cancel other tasks and complete futures") {
    run_virtual([]() -> coro<> {
        auto other = create_task(sleep_long());
        auto f = create_future<int>();
        struct cancels {
            task<> t;
            future<int> f;
            ~cancels() {
                t.cancel();
                if (!f.done()) f.set_result(1);
            }
        };
        auto body = [&]() -> coro<> {
            cancels on_exit{other, f};
            co_await sleep(1s);
        };
        auto t = create_task(body());
        co_await t;
        auto outcome = co_await cancellation_of(other);
        CHECK(outcome == "cancelled:");
        CHECK(f.done());
    });
}

TEST_CASE("a loop that is closed destroys the frames of pending tasks, and their handles see them pending") {
    bool destroyed = false, started = false;
    task<> waiting, never_started;
    std::vector<std::string> reported;
    {
        loop l;
        l.set_exception_handler(
            [&](loop&, const exception_context& c) { reported.push_back(c.message + c.task_name); });
        auto body = [&]() -> coro<> {
            sets_flag on_exit{&destroyed};
            co_await sleep(1h);
        };
        auto main = [&]() -> coro<> {
            waiting = create_task(body());
            co_await sleep(0s);
            never_started = create_task([&]() -> coro<> {
                started = true;
                co_return;
            });
        };
        auto t = main();
        l.run_until_complete(std::move(t));
        l.stop();
        CHECK_FALSE(waiting.done());
        waiting.set_name("waiting");
        if (!never_started.done()) never_started.set_name("never_started");
    }
    CHECK(destroyed);
    CHECK_FALSE(waiting.done());
    CHECK(reported.front().substr(0, 39) == "Task was destroyed but it is pending!wa");
    waiting.cancel();
    CHECK(waiting.cancelling() == 1);
    CHECK_THROWS_AS(waiting.result(), invalid_state_error);
}

TEST_CASE("destructors that run while the loop is closed may cancel tasks, complete futures and drop handles") {
    auto close_with = [](auto first, auto second) {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            first();
            second();
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    };
    task<> victim;
    future<int> f;
    std::optional<task<>> dropped;
    struct on_exit {
        task<>& victim;
        future<int>& f;
        std::optional<task<>>& dropped;
        ~on_exit() {
            if (victim) victim.cancel("from a destructor");
            if (f && !f.done()) f.set_result(1);
            dropped.reset();
        }
    };
    auto make_victim = [&] {
        f = create_future<int>();
        victim = create_task([](future<int> awaited) -> coro<> { co_await awaited; }, f);
        dropped = create_task(sleep_long());
    };
    auto make_guard = [&] {
        create_task([&]() -> coro<> {
            on_exit guard{victim, f, dropped};
            co_await sleep(1h);
        });
    };
    close_with(make_victim, make_guard);
    CHECK_FALSE(victim.done());
    CHECK(f.done());
    victim = {};
    f = {};
    close_with(make_guard, make_victim);
    CHECK_FALSE(victim.done());
}

TEST_CASE("a task that waits inside a generator somebody else holds can be destroyed before it") {
    std::optional<async_generator<int>> generator;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        auto body = []() -> async_generator<int> {
            co_await sleep(1h);
            co_yield 1;
        };
        l.call_soon([&] {
            generator.emplace(body());
            create_task([&]() -> coro<> { co_await generator->next(); });
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    }
    generator.reset();
}

TEST_CASE("a generator that is dropped while a task waits inside it takes no cancellation with it") {
    loop l;
    l.set_exception_handler([](loop&, const auto&) {});
    auto body = []() -> async_generator<int> {
        co_await sleep(1h);
        co_yield 1;
    };
    auto main = [&]() -> coro<> {
        std::optional<async_generator<int>> generator(body());
        task<> t = create_task([&]() -> coro<> { co_await generator->next(); });
        co_await sleep(0s);
        generator.reset();
        CHECK(t.cancel());
        co_await sleep(0s);
        CHECK_FALSE(t.done());
    };
    l.run_until_complete(main());
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

TEST_CASE("a thousand tasks that await each other in a chain unwind in order") {
    run_virtual([]() -> coro<> {
        std::vector<task<>> chain{create_task(sleep_long())};
        for (int i = 0; i < 1000; ++i)
            chain.push_back(create_task([](task<> inner) -> coro<> { co_await inner; }, chain.back()));
        co_await sleep(0s);
        co_await sleep(0s);
        chain.back().cancel("top");
        auto outcome = co_await cancellation_of(chain.back());
        CHECK(outcome == "cancelled:top");
        for (auto& t : chain) CHECK(t.cancelled());
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
