// Golden traces of queues: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"

#include <girin/queue.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

TEST_CASE("t53 a queue is first in, first out, and putters wait for room") {
    auto program = [](trace& ev) -> coro<> {
        queue<int> q(2);
        auto p = [&]() -> coro<> {
            for (int i = 0; i < 4; ++i) {
                co_await q.put(i);
                ev("put", i);
            }
        };
        auto t = create_task(p());
        co_await sleep(0s);
        ev(q.full());
        for (int i = 0; i < 4; ++i) {
            int item = co_await q.get();
            ev("get", item);
        }
        co_await t;
    };
    CHECK(run_traced(program) == "put 0 | put 1 | true | get 0 | get 1 | put 2 | put 3 | get 2 | get 3");
}

TEST_CASE("t54 a getter that is cancelled after it was woken loses nothing") {
    auto program = [](trace& ev) -> coro<> {
        queue<std::string> q;
        auto a = create_task(q.get());
        auto b = create_task(q.get());
        co_await sleep(0s);
        q.put_nowait("x");
        a.cancel();
        auto item = co_await b;
        ev(item, a.cancelled());
    };
    CHECK(run_traced(program) == "x true");
}

TEST_CASE("t55 join waits for a task_done for each item") {
    auto program = [](trace& ev) -> coro<> {
        queue<int> q;
        q.put_nowait(1);
        q.put_nowait(2);
        auto j = create_task(q.join());
        co_await sleep(0s);
        co_await q.get();
        q.task_done();
        co_await sleep(0s);
        ev(j.done());
        co_await q.get();
        q.task_done();
        co_await j;
        ev("joined");
        try {
            q.task_done();
        } catch (const std::invalid_argument&) {
            ev("ValueError");
        }
    };
    CHECK(run_traced(program) == "false | joined | ValueError");
}

TEST_CASE("t56 a queue that is shut down refuses puts, gives what is left, and frees who waits") {
    auto program = [](trace& ev) -> coro<> {
        queue<int> q;
        q.put_nowait(1);
        q.shutdown();
        try {
            q.put_nowait(2);
        } catch (const queue_shut_down&) {
            ev("put refused");
        }
        int left = co_await q.get();
        ev(left);
        try {
            co_await q.get();
        } catch (const queue_shut_down&) {
            ev("get refused");
        }
        q = queue<int>(1);
        q.put_nowait(1);
        auto p = create_task(q.put(2));
        co_await sleep(0s);
        q.shutdown(immediate);
        try {
            co_await p;
        } catch (const queue_shut_down&) {
            ev("putter woken", q.qsize());
        }
        co_await q.join();
        ev("join free");
    };
    CHECK(run_traced(program) == "put refused | 1 | get refused | putter woken 0 | join free");
}

TEST_CASE("t73 a deadline in the turn in which an item arrives loses nothing") {
    auto program = [](trace& ev) -> coro<> {
        queue<std::string> q;
        loop::running().call_later(10ms, [&] { q.put_nowait("item"); });
        auto w = [&]() -> coro<std::string> {
            try {
                co_return co_await wait_for(q.get(), 11ms);
            } catch (const timeout_error&) {
                co_return "TimeoutError";
            }
        };
        auto t = create_task(w());
        co_await sleep(0s);
        loop::running().advance(30ms);
        auto r = co_await t;
        ev((r == "item") + q.qsize() == 1 ? "kept" : "LOST");
    };
    CHECK(run_traced(program) == "kept");
}

TEST_CASE("t77 a woken getter may be overtaken, and a cancelled putter's room goes to the next") {
    auto program = [](trace& ev) -> coro<> {
        queue<std::string> q;
        std::string order;
        auto g = [&]() -> coro<> {
            auto item = co_await q.get();
            order += "waiter " + item;
        };
        auto t = create_task(g());
        co_await sleep(0s);
        q.put_nowait("a");
        order += "barger " + q.get_nowait() + ", ";
        q.put_nowait("b");
        co_await t;
        ev(order);
        queue<int> bounded(1);
        bounded.put_nowait(0);
        auto a = create_task(bounded.put(1));
        auto b = create_task(bounded.put(2));
        co_await sleep(0s);
        bounded.get_nowait();
        a.cancel();
        co_await b;
        ev(bounded.get_nowait());
    };
    CHECK(run_traced(program) == "barger a, waiter b | 2");
}
