// Cancels tasks that share locks and queues at every await point in turn: nothing is lost, nobody is forgotten, nothing
// leaks.
#include "tests/support/cancel_everywhere.hpp"
#include "tests/support/turns.hpp"

#include <girin/barrier.hpp>
#include <girin/condition.hpp>
#include <girin/event.hpp>
#include <girin/lock.hpp>
#include <girin/priority_queue.hpp>
#include <girin/queue.hpp>
#include <girin/semaphore.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::all_done;
using girin::test::cancel_everywhere;
using girin::test::stress_program;
using girin::test::tasks_of;
using girin::test::token;
using girin::test::turns;
using girin::test::visit;

namespace {

constexpr test::cancellations every_pair = {.pairs = true, .again = 0, .settled_after = 80};

template <class Queue>
struct producers_and_consumers : stress_program {
    Queue q{1};
    std::vector<int> put, got;

    coro<> produce(token, int first) {
        for (int i = first; i < first + 3; ++i) {
            co_await q.put(i);
            put.push_back(i);
        }
    }
    coro<> consume(token, int n) {
        while (n-- > 0) {
            int item = co_await q.get();
            got.push_back(item);
            co_await sleep(0s);
        }
    }
    tasks_of start(token t) {
        return {create_task(consume(t, 2)), create_task(produce(t, 0)),  create_task(produce(t, 10)),
                create_task(consume(t, 3)), create_task(produce(t, 20)), create_task(consume(t, 4))};
    }
    coro<> check(const tasks_of& tasks) {
        const bool getter_waits = !tasks[0].done() || !tasks[3].done() || !tasks[5].done();
        const bool putter_waits = !tasks[1].done() || !tasks[2].done() || !tasks[4].done();
        CHECK_FALSE((getter_waits && !q.empty()));
        CHECK_FALSE((putter_waits && !q.full()));
        std::vector<int> seen = got;
        if (!q.empty()) seen.push_back(q.get_nowait());
        std::sort(seen.begin(), seen.end());
        std::sort(put.begin(), put.end());
        CHECK(seen == put);
        co_return;
    }
};

struct lock_holders : stress_program {
    lock k;
    int inside = 0, entered = 0;

    coro<> enter(token, int turns_inside) {
        for (int i = 0; i < 2; ++i) {
            auto held = co_await k.acquire_guard();
            const visit here(inside);
            CHECK(inside == 1);
            ++entered;
            co_await turns(turns_inside);
        }
    }
    tasks_of start(token t) {
        return {create_task(enter(t, 1)), create_task(enter(t, 0)), create_task(enter(t, 2)), create_task(enter(t, 0))};
    }
    coro<> check(const tasks_of& tasks) {
        CHECK(all_done(tasks));
        CHECK(inside == 0);
        CHECK(entered >= 4);
        CHECK_FALSE(k.locked());
        co_return;
    }
};

struct permit_holders : stress_program {
    semaphore s{2};
    int inside = 0;

    coro<> enter(token, int turns_inside) {
        for (int i = 0; i < 2; ++i) {
            auto permit = co_await s.acquire_guard();
            const visit here(inside);
            CHECK(inside <= 2);
            co_await turns(turns_inside);
        }
    }
    tasks_of start(token t) {
        return {create_task(enter(t, 1)), create_task(enter(t, 0)), create_task(enter(t, 2)), create_task(enter(t, 1)),
                create_task(enter(t, 0))};
    }
    coro<> check(const tasks_of& tasks) {
        CHECK(all_done(tasks));
        for (int i = 0; i < 2; ++i) {
            CHECK_FALSE(s.locked());
            co_await s.acquire();
        }
        CHECK(s.locked());
    }
};

// A bounded buffer as one writes it with a condition: a lost notification leaves an item beside a task that waits.
struct condition_users : stress_program {
    condition changed;
    int items = 0;

    coro<> produce(token) {
        for (int i = 0; i < 2; ++i) {
            {
                auto held = co_await changed.acquire_guard();
                ++items;
                changed.notify();
                co_await sleep(0s);
            }
            co_await sleep(0s);
        }
    }
    coro<> consume(token) {
        auto held = co_await changed.acquire_guard();
        co_await changed.wait_for([this] { return items > 0; });
        --items;
    }
    tasks_of start(token t) {
        return {create_task(consume(t)), create_task(consume(t)), create_task(consume(t)), create_task(consume(t)),
                create_task(produce(t))};
    }
    coro<> check(const tasks_of& tasks) {
        CHECK(tasks[4].done());
        const bool consumer_waits = std::any_of(tasks.begin(), tasks.end(), [](const auto& t) { return !t.done(); });
        CHECK_FALSE((consumer_waits && items > 0));
        CHECK_FALSE(changed.locked());
        co_return;
    }
};

struct barrier_parties : stress_program {
    barrier b{3};
    event done;

    coro<> meet(token) {
        for (int i = 0; i < 2; ++i) co_await b.wait();
    }
    coro<> wait_for_all(token) { co_await done.wait(); }
    tasks_of start(token t) {
        return {create_task(meet(t)), create_task(meet(t)), create_task(meet(t)), create_task(wait_for_all(t))};
    }
    coro<> check(const tasks_of& tasks) {
        std::size_t waiting = 0;
        for (std::size_t i = 0; i < 3; ++i) waiting += !tasks[i].done();
        CHECK(b.n_waiting() == waiting);
        CHECK(waiting < 3);
        CHECK_FALSE(b.broken());
        done.set();
        co_await turns(2);
        CHECK(tasks[3].done());
    }
};

}  // namespace

TEST_CASE("whenever producers and consumers are cancelled, no item is lost and nobody waits in vain") {
    CHECK(cancel_everywhere<producers_and_consumers<queue<int>>>(every_pair) > 200);
}

TEST_CASE("whenever users of a priority_queue are cancelled, no item is lost and nobody waits in vain") {
    CHECK(cancel_everywhere<producers_and_consumers<priority_queue<int>>>(every_pair) > 200);
}

TEST_CASE("whenever holders of a lock are cancelled, one at a time holds it and it is free in the end") {
    CHECK(cancel_everywhere<lock_holders>(every_pair) > 100);
}

TEST_CASE("whenever holders of permits are cancelled, every permit comes back") {
    CHECK(cancel_everywhere<permit_holders>(every_pair) > 100);
}

TEST_CASE("whenever users of a condition are cancelled, no notification is lost") {
    CHECK(cancel_everywhere<condition_users>(every_pair) > 50);
}

TEST_CASE("whenever parties of a barrier are cancelled, the others are counted right") {
    CHECK(cancel_everywhere<barrier_parties>(every_pair) > 30);
}
