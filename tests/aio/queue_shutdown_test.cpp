#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/queue.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace girin;
using girin::test::run_virtual;
using girin::test::turns;

TEST_CASE("15.15 after shutdown puts raise queue_shut_down, and gets too once the queue is empty") {
    run_virtual([]() -> coro<> {
        queue<int> q(2);
        q.put_nowait(1);
        q.put_nowait(2);
        auto blocked = create_task(q.put(3));
        co_await turns(1);
        q.shutdown();
        CHECK_THROWS_AS(co_await blocked, queue_shut_down);
        CHECK_THROWS_WITH_AS(co_await q.put(4), doctest::Contains("stop putting and getting"), queue_shut_down);
        int first = co_await q.get();
        CHECK(first == 1);
        CHECK_THROWS_AS(co_await q.put(5), queue_shut_down);
        CHECK(q.get_nowait() == 2);
        CHECK_THROWS_AS(co_await q.get(), queue_shut_down);
    });
}

TEST_CASE("15.15 getters that wait on an empty queue are woken by shutdown and raise queue_shut_down") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        auto a = create_task(q.get());
        auto b = create_task(q.get());
        co_await turns(1);
        q.put_nowait(1);
        q.shutdown();
        auto item = co_await a;
        CHECK(item == 1);
        CHECK_THROWS_AS(co_await b, queue_shut_down);
    });
}

TEST_CASE("15.16 shutdown immediate discards the items, takes them off the unfinished count, and wakes everyone") {
    run_virtual([]() -> coro<> {
        queue<int> q(2);
        q.put_nowait(1);
        q.put_nowait(2);
        auto joined = create_task(q.join());
        auto putter = create_task(q.put(3));
        co_await turns(1);
        q.shutdown(immediate);
        CHECK(q.empty());
        co_await turns(1);
        CHECK(joined.done());
        CHECK_THROWS_AS(co_await putter, queue_shut_down);
        CHECK_THROWS_AS(co_await q.get(), queue_shut_down);
    });
}

TEST_CASE("15.16 after shutdown immediate items already taken still need task_done") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        q.put_nowait(1);
        q.put_nowait(2);
        CHECK(q.get_nowait() == 1);
        auto joined = create_task(q.join());
        q.shutdown(immediate);
        co_await turns(2);
        CHECK_FALSE(joined.done());
        q.task_done();
        co_await joined;
        CHECK_THROWS_AS(q.task_done(), std::invalid_argument);
    });
}

TEST_CASE("15.16 shutdown immediate does not count below zero what was done with before it was got") {
    queue<int> q;
    q.put_nowait(1);
    q.put_nowait(2);
    q.task_done();
    q.shutdown(immediate);
    CHECK_THROWS_AS(q.task_done(), std::invalid_argument);
}

TEST_CASE("15.17 get_nowait and put_nowait raise queue_shut_down likewise, and shutdown is idempotent") {
    queue<int> q(1);
    q.put_nowait(1);
    q.shutdown();
    CHECK_THROWS_AS(q.put_nowait(2), queue_shut_down);
    CHECK(q.get_nowait() == 1);
    CHECK_THROWS_AS(q.get_nowait(), queue_shut_down);
    q.shutdown();
    q.shutdown(immediate);
    CHECK_THROWS_AS(q.put_nowait(2), queue_shut_down);
    CHECK_THROWS_AS(q.get_nowait(), queue_shut_down);
}

TEST_CASE("15.16 shutdown immediate wakes getters too") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        auto a = create_task(q.get()), b = create_task(q.get());
        co_await turns(1);
        q.shutdown(immediate);
        CHECK_THROWS_AS(co_await a, queue_shut_down);
        CHECK_THROWS_AS(co_await b, queue_shut_down);
    });
}
