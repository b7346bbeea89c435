// Golden traces of locks, events, conditions, semaphores and barriers: the same events in the same order as CPython
// 3.13's asyncio.
#include "tests/support/trace.hpp"

#include <girin/barrier.hpp>
#include <girin/condition.hpp>
#include <girin/event.hpp>
#include <girin/gather.hpp>
#include <girin/lock.hpp>
#include <girin/semaphore.hpp>
#include <girin/sleep.hpp>

#include <algorithm>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

TEST_CASE("t47 a lock is handed over in order, and nobody takes it in between") {
    auto program = [](trace& ev) -> coro<> {
        lock k;
        co_await k.acquire();
        auto w = [&](auto n) -> coro<> {
            auto held = co_await k.acquire_guard();
            ev(n);
        };
        std::vector<task<>> ts;
        for (int i = 0; i < 3; ++i) ts.push_back(create_task(w(i)));
        co_await sleep(0s);
        k.release();
        ev("locked", k.locked());
        co_await gather(w("late"), ts[0], ts[1], ts[2]);
    };
    CHECK(run_traced(program) == "locked false | 0 | 1 | 2 | late");
}

TEST_CASE("t48 a waiter that is cancelled after it was woken passes the lock on") {
    auto program = [](trace& ev) -> coro<> {
        lock k;
        co_await k.acquire();
        auto w = [&](const char* n) -> coro<> {
            auto held = co_await k.acquire_guard();
            ev(n);
        };
        auto a = create_task(w("a"));
        auto b = create_task(w("b"));
        co_await sleep(0s);
        k.release();
        a.cancel();
        co_await b;
        ev(a.cancelled(), k.locked());
    };
    CHECK(run_traced(program) == "b | true false");
}

TEST_CASE("t49 set wakes all who wait, though the event is cleared at once") {
    auto program = [](trace& ev) -> coro<> {
        event e;
        auto w = [&](int n) -> coro<> {
            co_await e.wait();
            ev(n);
        };
        std::vector<task<>> ts;
        for (int i = 0; i < 3; ++i) ts.push_back(create_task(w(i)));
        co_await sleep(0s);
        e.set();
        e.clear();
        co_await gather(ts);
        ev(e.is_set());
    };
    CHECK(run_traced(program) == "0 | 1 | 2 | false");
}

TEST_CASE("t50 notify wakes so many, one after another") {
    auto program = [](trace& ev) -> coro<> {
        condition c;
        auto w = [&](int n) -> coro<> {
            auto held = co_await c.acquire_guard();
            co_await c.wait();
            ev(n);
        };
        std::vector<task<>> ts;
        for (int i = 0; i < 3; ++i) ts.push_back(create_task(w(i)));
        co_await sleep(0s);
        {
            auto held = co_await c.acquire_guard();
            c.notify(2);
            ev("notified");
        }
        co_await ts[0];
        co_await ts[1];
        ev(ts[2].done());
        {
            auto held = co_await c.acquire_guard();
            c.notify_all();
        }
        co_await ts[2];
    };
    CHECK(run_traced(program) == "notified | 0 | 1 | false | 2");
}

TEST_CASE("t51 nobody overtakes at a semaphore") {
    auto program = [](trace& ev) -> coro<> {
        semaphore s(1);
        co_await s.acquire();
        auto w = [&](const char* n) -> coro<> {
            auto permit = co_await s.acquire_guard();
            ev(n);
        };
        auto a = create_task(w("first"));
        co_await sleep(0s);
        s.release();
        ev("locked", s.locked());
        co_await w("barger");
        co_await a;
    };
    CHECK(run_traced(program) == "locked true | first | barger");
}

TEST_CASE("t52 a waiter that is cancelled after it was served passes its permit on") {
    auto program = [](trace& ev) -> coro<> {
        semaphore s(0);
        auto w = [&](const char* n) -> coro<> {
            auto permit = co_await s.acquire_guard();
            ev(n);
        };
        auto a = create_task(w("a"));
        auto b = create_task(w("b"));
        co_await sleep(0s);
        s.release();
        a.cancel();
        co_await b;
        int value = 0;
        for (; !s.locked(); ++value) co_await s.acquire();
        ev(a.cancelled(), value);
    };
    CHECK(run_traced(program) == "b | true 1");
}

TEST_CASE("t57 a barrier gives each of its parties an index") {
    auto program = [](trace& ev) -> coro<> {
        barrier b(3);
        auto all = co_await gather(b.wait(), b.wait(), b.wait());
        auto [x, y, z] = all;
        std::vector<std::size_t> indices{x, y, z};
        std::sort(indices.begin(), indices.end());
        ev(indices[0], indices[1], indices[2], b.n_waiting(), b.broken());
    };
    CHECK(run_traced(program) == "0 1 2 0 false");
}

TEST_CASE("t69 set wakes in the order of waiting, and the setter goes on first") {
    auto program = [](trace& ev) -> coro<> {
        event e;
        auto w = [&](int n) -> coro<> {
            co_await e.wait();
            ev(n);
        };
        std::vector<task<>> ts;
        for (int i = 0; i < 2; ++i) ts.push_back(create_task(w(i)));
        co_await sleep(0s);
        e.set();
        ev("setter");
        co_await gather(ts);
    };
    CHECK(run_traced(program) == "setter | 0 | 1");
}
