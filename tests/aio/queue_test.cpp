#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/lifo_queue.hpp>
#include <girin/priority_queue.hpp>
#include <girin/queue.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

std::vector<int> drain(queue<int> q) {
    std::vector<int> items;
    while (!q.empty()) items.push_back(q.get_nowait());
    return items;
}

coro<> get_into(queue<int> q, std::vector<int>& items) {
    int item = co_await q.get();
    items.push_back(item);
}

}  // namespace

TEST_CASE("15.01 a queue is FIFO, a lifo_queue LIFO, a priority_queue smallest first") {
    const std::vector<int> items{3, 1, 4, 1, 5, 9, 2, 6};
    queue<int> fifo;
    lifo_queue<int> lifo;
    priority_queue<int> smallest;
    priority_queue<int, std::greater<>> greatest;
    for (int item : items)
        for (queue<int> q : {fifo, queue<int>(lifo), queue<int>(smallest), queue<int>(greatest)}) q.put_nowait(item);
    CHECK(drain(fifo) == items);
    CHECK(drain(lifo) == std::vector<int>{6, 2, 9, 5, 1, 4, 1, 3});
    CHECK(drain(smallest) == std::vector<int>{1, 1, 2, 3, 4, 5, 6, 9});
    CHECK(drain(greatest) == std::vector<int>{9, 6, 5, 4, 3, 2, 1, 1});
}

TEST_CASE("15.02 maxsize of 0 or less means unbounded, and full() is never true") {
    for (int maxsize : {0, -1}) {
        queue<int> q(maxsize);
        for (int i = 0; i < 1000; ++i) q.put_nowait(i);
        CHECK_FALSE(q.full());
        CHECK(q.qsize() == 1000);
        CHECK(q.maxsize() == maxsize);
    }
}

TEST_CASE("15.03 put_nowait on a full queue raises queue_full, and get_nowait on an empty one queue_empty") {
    queue<int> q(1);
    CHECK_THROWS_WITH_AS(q.get_nowait(), "the queue is empty: await get(), or ask empty() first", queue_empty);
    q.put_nowait(1);
    CHECK(q.full());
    CHECK_THROWS_WITH_AS(q.put_nowait(2), "the queue is full: await put(), or ask full() first", queue_full);
    CHECK(q.get_nowait() == 1);
    CHECK(q.empty());
}

TEST_CASE("15.04 put suspends only while full, and get only while empty") {
    run_virtual([]() -> coro<> {
        queue<int> q(1);
        turn_watch watch;
        co_await q.put(1);
        int item = co_await q.get();
        CHECK(item == 1);
        CHECK_FALSE(watch.turned());

        co_await q.put(2);
        auto putter = create_task(q.put(3));
        co_await turns(2);
        CHECK_FALSE(putter.done());
        CHECK(drain(q) == std::vector<int>{2});
        co_await putter;
        CHECK(drain(q) == std::vector<int>{3});
        auto getter = create_task(q.get());
        co_await turns(2);
        CHECK_FALSE(getter.done());
        q.put_nowait(4);
        auto late = co_await getter;
        CHECK(late == 4);
    });
}

TEST_CASE("15.05 several putters are woken in FIFO order, one per removed item, and add their items then") {
    run_virtual([]() -> coro<> {
        queue<int> q(1);
        q.put_nowait(0);
        std::vector<task<>> putters;
        for (int i = 1; i < 4; ++i) putters.push_back(create_task(q.put(i)));
        co_await turns(1);
        for (int i = 0; i < 4; ++i) {
            CHECK(q.get_nowait() == i);
            CHECK(q.empty());
            co_await turns(2);
            for (int j = 0; j < 3; ++j) CHECK(putters[j].done() == (j <= i));
        }
    });
}

TEST_CASE("15.06 one getter is woken per item put, in FIFO order") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        std::vector<task<int>> getters;
        for (int i = 0; i < 4; ++i) getters.push_back(create_task(q.get()));
        co_await turns(1);
        q.put_nowait(10);
        q.put_nowait(11);
        co_await turns(1);
        CHECK(getters[0].result() == 10);
        CHECK(getters[1].result() == 11);
        co_await turns(2);
        CHECK_FALSE(getters[2].done());
        CHECK_FALSE(getters[3].done());
    });
}

TEST_CASE("15.07 a woken getter does not own the item: whoever runs first may take it, and the getter waits again") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        auto getter = create_task(q.get());
        auto behind = create_task(q.get());
        co_await turns(1);
        for (int i = 0; i < 3; ++i) {
            q.put_nowait(i);
            int taken = co_await q.get();
            CHECK(taken == i);
            co_await turns(2);
            CHECK_FALSE(getter.done());
            CHECK_FALSE(behind.done());
        }
        q.put_nowait(7);
        q.put_nowait(8);
        co_await turns(2);
        CHECK(getter.result() + behind.result() == 15);
    });
}

TEST_CASE("15.08 a getter cancelled before it was woken leaves no trace in the line") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        std::vector<task<int>> cancelled;
        for (int i = 0; i < 10; ++i) cancelled.push_back(create_task(q.get()));
        auto getter = create_task(q.get());
        co_await turns(1);
        for (auto& t : cancelled) t.cancel();
        q.put_nowait(1);
        co_await turns(1);
        CHECK(getter.result() == 1);
        for (auto& t : cancelled) CHECK(t.cancelled());
    });
}

TEST_CASE("15.09 a getter cancelled after it was woken passes the wake-up on") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        std::vector<task<int>> getters;
        for (int i = 0; i < 4; ++i) getters.push_back(create_task(q.get()));
        co_await turns(1);
        q.put_nowait(1);
        for (int i = 0; i < 3; ++i) {
            getters[i].cancel();
            co_await turns(1);
            CHECK(getters[i].cancelled());
        }
        co_await turns(1);
        CHECK(getters[3].result() == 1);
    });
}

TEST_CASE("15.10 a slot is never lost when a woken putter is cancelled") {
    run_virtual([]() -> coro<> {
        queue<int> q(1);
        q.put_nowait(0);
        std::vector<task<>> putters;
        for (int i = 1; i < 5; ++i) putters.push_back(create_task(q.put(i)));
        co_await turns(1);
        CHECK(q.get_nowait() == 0);
        for (int i = 0; i < 3; ++i) {
            putters[i].cancel();
            co_await turns(1);
            CHECK(putters[i].cancelled());
        }
        co_await turns(1);
        CHECK(putters[3].done());
        CHECK(drain(q) == std::vector<int>{4});
    });
}

TEST_CASE("15.11 cancelling a waiter that is out of the line already raises cancelled_error, nothing else") {
    run_virtual([]() -> coro<> {
        queue<int> q(1);
        auto getter = create_task(q.get());
        co_await turns(1);
        q.put_nowait(1);
        CHECK(q.get_nowait() == 1);
        getter.cancel();
        CHECK_THROWS_AS(co_await getter, cancelled_error);

        q.put_nowait(1);
        auto putter = create_task(q.put(2));
        co_await turns(1);
        CHECK(q.get_nowait() == 1);
        q.put_nowait(3);
        putter.cancel();
        CHECK_THROWS_AS(co_await putter, cancelled_error);
        CHECK(drain(q) == std::vector<int>{3});
    });
}

TEST_CASE("15.12 join returns at once if nothing is unfinished, else when task_done was called once per item") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        turn_watch watch;
        co_await q.join();
        CHECK_FALSE(watch.turned());
        for (int i = 0; i < 3; ++i) q.put_nowait(i);
        auto joined = create_task(q.join());
        for (int i = 0; i < 3; ++i) {
            CHECK(q.get_nowait() == i);
            co_await turns(2);
            CHECK_FALSE(joined.done());
            q.task_done();
        }
        co_await turns(1);
        CHECK(joined.done());
        co_await q.join();
    });
}

TEST_CASE("15.13 task_done beyond the number of items raises invalid_argument") {
    queue<int> q;
    CHECK_THROWS_WITH_AS(q.task_done(), "task_done() called too many times: call it once for each item that was put",
                         std::invalid_argument);
    q.put_nowait(1);
    q.task_done();
    CHECK_THROWS_AS(q.task_done(), std::invalid_argument);
}

TEST_CASE("15.14 several joiners all wake, even if new items came in the same turn") {
    run_virtual([]() -> coro<> {
        queue<int> q;
        q.put_nowait(1);
        auto a = create_task(q.join());
        auto b = create_task(q.join());
        auto cancelled = create_task(q.join());
        co_await turns(1);
        cancelled.cancel();
        q.task_done();
        q.put_nowait(2);
        auto late = create_task(q.join());
        co_await turns(1);
        CHECK(a.done());
        CHECK(b.done());
        CHECK(cancelled.cancelled());
        co_await turns(2);
        CHECK_FALSE(late.done());
    });
}

TEST_CASE("15.18 a queue is bound to the first loop in which it had to suspend") {
    queue<int> q;
    run_virtual([&]() -> coro<> { co_await q.put(1); });
    auto wait_in_vain = [&]() -> coro<> {
        co_await q.get();
        co_await wait_for(q.get(), 1s);
    };
    CHECK_THROWS_AS(run_virtual(wait_in_vain), timeout_error);
    q.put_nowait(1);
    CHECK_THROWS_WITH_AS(run_virtual(wait_in_vain), doctest::Contains("tasks of another event loop"),
                         std::runtime_error);
}

TEST_CASE("items may be move-only, and are not copied on their way") {
    run_virtual([]() -> coro<> {
        queue<std::unique_ptr<int>> q(1);
        lifo_queue<std::unique_ptr<int>> l;
        auto by_value = [](const auto& a, const auto& b) { return *a < *b; };
        priority_queue<std::unique_ptr<int>, decltype(by_value)> p(0, by_value);
        for (queue<std::unique_ptr<int>> each :
             {queue<std::unique_ptr<int>>(q), queue<std::unique_ptr<int>>(l), queue<std::unique_ptr<int>>(p)}) {
            co_await each.put(std::make_unique<int>(1));
            auto item = co_await each.get();
            CHECK(*item == 1);
        }
        auto getter = create_task(q.get());
        co_await turns(1);
        co_await q.put(std::make_unique<int>(2));
        auto item = co_await std::move(getter);
        CHECK(*item == 2);
    });
}

TEST_CASE("a cancelled put drops its own item only") {
    run_virtual([]() -> coro<> {
        queue<std::shared_ptr<int>> q(1);
        auto kept = std::make_shared<int>(1), dropped = std::make_shared<int>(2);
        q.put_nowait(kept);
        auto putter = create_task(q.put(dropped));
        co_await turns(1);
        CHECK(dropped.use_count() == 2);
        putter.cancel();
        co_await turns(1);
        CHECK(dropped.use_count() == 1);
        CHECK(kept.use_count() == 2);
    });
}

TEST_CASE("a lifo_queue and a priority_queue wait and shut down as a queue does") {
    run_virtual([]() -> coro<> {
        for (queue<int> q : {queue<int>(lifo_queue<int>(2)), queue<int>(priority_queue<int>(2))}) {
            std::vector<int> got;
            auto getter = create_task(get_into(q, got));
            co_await turns(1);
            for (int i = 0; i < 3; ++i) co_await q.put(i);
            CHECK(q.full());
            auto putter = create_task(q.put(9));
            co_await turns(1);
            CHECK_FALSE(putter.done());
            q.shutdown(immediate);
            CHECK_THROWS_AS(co_await putter, queue_shut_down);
            co_await getter;
            CHECK(got.size() == 1);
        }
    });
}

TEST_CASE("a queue lives as long as somebody waits for it") {
    run_virtual([]() -> coro<> {
        task<int> forgotten;
        {
            queue<int> q;
            forgotten = create_task(q.get());
            co_await turns(1);
        }
        forgotten.cancel();
        CHECK_THROWS_AS(co_await forgotten, cancelled_error);
    });
}

TEST_CASE("closing the loop over getters that were woken leaves their items in the queue") {
    queue<int> q;
    {
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        auto main = [&]() -> coro<> {
            for (int i = 0; i < 3; ++i) create_task(q.get());
            create_task(q.join());
            co_await turns(1);
            q.put_nowait(1);
            loop::running().stop();
        };
        l.call_soon([&] { create_task(main()); });
        l.run_forever();
    }
    CHECK(drain(q) == std::vector<int>{1});
}

TEST_CASE("an item whose move throws in one get is for the next one") {
    struct item {
        bool* throws;
        explicit item(bool* t) : throws(t) {}
        item(item&& other) : throws(other.throws) {
            if (std::exchange(*throws, false)) throw std::runtime_error("moved");
        }
        item& operator=(item&&) = default;
    };
    run_virtual([]() -> coro<> {
        bool throws = false;
        int got = 0;
        queue<item> q;
        auto getter = [&]() -> coro<> {
            try {
                co_await q.get();
                ++got;
            } catch (const std::runtime_error&) {
            }
        };
        auto first = create_task(getter());
        auto second = create_task(getter());
        co_await turns(2);
        q.put_nowait(item(&throws));
        throws = true;
        co_await wait_for(second, 1s);
        CHECK(got == 1);
        CHECK(q.empty());
    });
}
