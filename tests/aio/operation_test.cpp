#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/event.hpp>
#include <girin/gather.hpp>
#include <girin/lock.hpp>
#include <girin/queue.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

TEST_CASE("what a queue or event is asked for can be made a task, lazily or eagerly") {
    run_virtual([]() -> coro<> {
        queue<std::string> q;
        auto put = create_task(q.put("a"), {.eager_start = true});
        CHECK(put.done());
        auto get = create_task(q.get());
        CHECK_FALSE(get.done());
        auto item = co_await get;
        CHECK(item == "a");
    });
}

TEST_CASE("what a queue or event is asked for can be gathered") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        event e;
        lock k;
        q.put_nowait(1);
        q.put_nowait(2);
        e.set();
        auto results = co_await gather(q.get(), e.wait(), k.acquire(), q.get());
        CHECK(std::get<0>(results) == 1);
        CHECK(std::get<3>(results) == 2);
        CHECK(k.locked());
    });
}

TEST_CASE("what a queue or event is asked for can be given a deadline, and is not asked when there is no time") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        CHECK_THROWS_AS(co_await wait_for(q.get(), 10ms), timeout_error);
        q.put_nowait(1);
        CHECK_THROWS_AS(co_await wait_for(q.get(), 0s), timeout_error);
        CHECK(q.qsize() == 1);
        int item = co_await wait_for(q.get(), 10ms);
        CHECK(item == 1);
    });
}

TEST_CASE("run_until_complete takes what a queue or event is asked for") {
    loop l({.virtual_time = true});
    queue<int> q;
    q.put_nowait(5);
    CHECK(l.run_until_complete(q.get()) == 5);
}

TEST_CASE("an operation that was asked for keeps its noun alive until it is awaited") {
    run_virtual([]() -> coro<> {
        auto get = [] {
            queue<int> q;
            q.put_nowait(3);
            return q.get();
        }();
        int item = co_await std::move(get);
        CHECK(item == 3);
    });
}
