// Cancels what the other stress tests do not: at every await of a program in turn, once and twice. Whatever it was
// doing, what it used goes on to work, what it entered has been left, and nothing leaks.
#include "tests/support/cancel_everywhere.hpp"
#include "tests/support/turns.hpp"

#include <girin/async_exit_stack.hpp>
#include <girin/async_generator.hpp>
#include <girin/bounded_semaphore.hpp>
#include <girin/event.hpp>
#include <girin/lifo_queue.hpp>
#include <girin/lock.hpp>
#include <girin/queue.hpp>
#include <girin/sleep.hpp>
#include <girin/stream.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>
#include <girin/try_finally.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::cancel_everywhere;
using girin::test::stress_program;
using girin::test::tasks_of;
using girin::test::timed_turns;
using girin::test::token;
using girin::test::turns;

namespace {

// Whether an await of that ends at once, as it does when nobody is in the way.
template <class Awaitable>
coro<bool> is_free(Awaitable awaited) {
    auto asking = create_task(std::move(awaited), {.eager_start = true});
    const bool at_once = asking.done();
    if (!at_once) asking.cancel();
    co_await turns(2);
    co_return at_once;
}

struct sleeps : stress_program {
    coro<> run(token) {
        co_await sleep(0s);
        co_await sleep(3ms);
        int result = co_await sleep(2ms, 5);
        CHECK(result == 5);
    }
};

// Two wait for each other with events, under a deadline.
struct events : stress_program {
    event ping, pong;

    coro<> answer(token) {
        for (int i = 0; i < 2; ++i) {
            co_await ping.wait();
            ping.clear();
            pong.set();
        }
    }
    coro<> run(token t) {
        auto other = create_task(answer(t));
        co_await try_finally(
            [&]() -> coro<> {
                for (int i = 0; i < 2; ++i) {
                    ping.set();
                    co_await wait_for(pong.wait(), 1s);
                    pong.clear();
                    co_await sleep(0s);
                }
            },
            [&]() -> coro<> {
                other.cancel();
                co_return;
            });
    }
    coro<> check(const tasks_of&) {
        co_await turns(2);
        ping.clear();
        auto waiting = create_task(ping.wait());
        co_await turns(1);
        CHECK_FALSE(waiting.done());
        ping.set();
        co_await waiting;
    }
};

// Permits are taken while others have them, and given back once.
struct bounded_permits : stress_program {
    bounded_semaphore s{2};

    coro<> use(token) {
        auto permit = co_await s.acquire_guard();
        co_await turns(2);
    }
    coro<> run(token t) {
        for (int i = 0; i < 3; ++i) create_task(use(t));
        co_await use(t);
        co_await wait_for(use(t), 1s);
    }
    coro<> check(const tasks_of&) {
        co_await turns(10);
        co_await s.acquire();
        co_await s.acquire();
        CHECK(s.locked());
        s.release();
        s.release();
        CHECK_THROWS_AS(s.release(), std::invalid_argument);
    }
};

// Everything that was put is got, is still there, or has not been put; join() knows it.
template <class Queue>
struct queue_users : stress_program {
    Queue q{2};
    int put = 0, got = 0;

    coro<> work(token) {
        for (;;) {
            co_await q.get();
            ++got;
            q.task_done();
            co_await sleep(0s);
        }
    }
    coro<> run(token t) {
        auto worker = create_task(work(t));
        co_await try_finally(
            [&]() -> coro<> {
                for (int i = 0; i < 5; ++i) {
                    co_await q.put(i);
                    ++put;
                }
                co_await q.join();
                CHECK(got == 5);
            },
            [&]() -> coro<> {
                worker.cancel();
                co_return;
            });
    }
    coro<> check(const tasks_of&) {
        co_await turns(2);
        for (; !q.empty(); q.task_done(), ++got) q.get_nowait();
        CHECK(got == put);
        const bool joined = co_await is_free(q.join());
        CHECK(joined);
        q.shutdown();
        bool refused = false;
        try {
            co_await q.get();
        } catch (const queue_shut_down&) {
            refused = true;
        }
        CHECK(refused);
    }
};

// A deadline that passes while somebody else has the lock, and one that does not.
struct locks_in_time : stress_program {
    lock k;

    coro<> hold(token) {
        auto held = co_await k.acquire_guard();
        co_await sleep(4ms);
    }
    coro<> enter(token) {
        auto held = co_await k.acquire_guard();
        co_await sleep(0s);
    }
    coro<> run(token t) {
        create_task(hold(t));
        co_await sleep(0s);
        try {
            co_await wait_for(enter(t), 2ms);
        } catch (const timeout_error&) {
        }
        co_await timeout(1s, [this, t]() -> coro<> { co_await enter(t); });
    }
    coro<> check(const tasks_of&) {
        co_await timed_turns(10);
        const bool lock_is_free = co_await is_free(k.acquire());
        CHECK(lock_is_free);
    }
};

// What is entered is left, by an exit that awaits, whatever interrupts it.
struct visits : stress_program {
    int entered = 0, left = 0;

    coro<> enter() {
        co_await sleep(0s);
        ++entered;
    }
    coro<> leave() {
        ++left;
        co_await turns(2);
    }
    coro<> check(const tasks_of&) {
        CHECK(entered == left);
        co_return;
    }
};

struct finally_blocks : visits {
    coro<> run(token) {
        co_await enter();
        co_await try_finally([this]() -> coro<> { co_await visit_inner(); }, [this]() -> coro<> { co_await leave(); });
    }
    coro<> visit_inner() {
        co_await enter();
        co_await try_finally([]() -> coro<> { co_await turns(2); }, [this]() -> coro<> { co_await leave(); });
    }
};

struct exit_stacks : visits {
    struct context {
        exit_stacks& of;
        token held;
        coro<> aenter() { co_await of.enter(); }
        coro<bool> aexit(std::exception_ptr) {
            co_await of.leave();
            co_return false;
        }
    };
    coro<> run(token t) {
        co_await async_exit_stack::run([this, t](async_exit_stack& stack) -> coro<> {
            for (int i = 0; i < 3; ++i) co_await stack.enter_async_context(context{*this, t});
            co_await sleep(2ms);
        });
    }
};

// Generators have cleaned up when they have ended, and otherwise when they are closed.
struct generators : visits {
    std::optional<async_generator<int>> numbers;

    async_generator<int> count(token) {
        std::exception_ptr raised;
        co_await enter();
        try {
            for (int i = 0; i < 3; ++i) {
                co_await sleep(1ms);
                co_yield i;
            }
        } catch (...) {
            raised = std::current_exception();
        }
        co_await leave();
        if (raised) std::rethrow_exception(raised);
    }
    coro<> run(token t) {
        numbers = count(t);
        int sum = 0;
        while (auto number = co_await numbers->next()) sum += *number;
        CHECK(sum == 3);
        numbers = count(t);
        co_await numbers->next();
        co_await numbers->aclose();
    }
    coro<> check(const tasks_of&) {
        if (numbers) co_await numbers->aclose();
        CHECK(entered == left);
        numbers.reset();
    }
};

struct streams : generators {
    coro<> run(token t) {
        auto both = stream::merge(stream::map(count(t), [](int i) { return i; }),
                                  stream::timeout(1s, stream::take(count(t), 2)));
        int items = 0;
        while (co_await both.next()) ++items;
        CHECK(items == 5);
    }
    coro<> check(const tasks_of&) {
        co_await timed_turns(20);
        CHECK(entered == left);
    }
};

}  // namespace

TEST_CASE("whenever a sleeper is cancelled, its timer is gone") {
    CHECK(cancel_everywhere<sleeps>() > 40);
}

TEST_CASE("whenever tasks that wait for events are cancelled, the events go on to work") {
    CHECK(cancel_everywhere<events>() > 40);
}

TEST_CASE("whenever holders of a bounded_semaphore are cancelled, every permit comes back once") {
    CHECK(cancel_everywhere<bounded_permits>() > 40);
}

TEST_CASE("whenever who fills and joins a queue is cancelled, no item and no task_done is lost") {
    CHECK(cancel_everywhere<queue_users<queue<int>>>() > 40);
    CHECK(cancel_everywhere<queue_users<lifo_queue<int>>>() > 40);
}

TEST_CASE("whenever who waits for a lock in time is cancelled, the lock is free in the end") {
    CHECK(cancel_everywhere<locks_in_time>() > 40);
}

TEST_CASE("whenever a body is cancelled, its clean-up begins") {
    CHECK(cancel_everywhere<finally_blocks>() > 40);
    CHECK(cancel_everywhere<exit_stacks>() > 40);
}

TEST_CASE("whenever who iterates is cancelled, generators and streams clean up") {
    CHECK(cancel_everywhere<generators>() > 40);
    CHECK(cancel_everywhere<streams>() > 40);
}
