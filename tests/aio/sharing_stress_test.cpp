// Cancels tasks that share locks and queues at every await point in turn: nothing is lost, nobody is forgotten, nothing
// leaks.
#include "tests/support/run_virtual.hpp"
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
using girin::test::run_virtual;
using girin::test::turns;

namespace {

constexpr int turns_to_settle = 80;

using tasks_of = std::vector<task<>>;
using token = std::shared_ptr<int>;

bool all_done(const tasks_of& tasks) {
    return std::all_of(tasks.begin(), tasks.end(), [](const auto& t) { return t.done(); });
}

// Runs the program once for each turn that it lasts, for each pair of its tasks, and for both orders within a turn, and
// cancels the pair there. `Program` has start(token), which makes its tasks, and check(tasks), when all has settled.
// The frames of its tasks hold the token. Returns how often it was run.
template <class Program>
int cancel_everywhere() {
    int runs = 0;
    for (bool before_the_tasks : {true, false}) {
        for (int turn = 0, longest = 1; turn <= longest; ++turn) {
            for (std::size_t a = 0, b = 0, n = 1; a < n; b + 1 < n ? ++b : (++a, b = a)) {
                CAPTURE(before_the_tasks);
                CAPTURE(turn);
                CAPTURE(a);
                CAPTURE(b);
                auto alive = std::make_shared<int>();
                run_virtual([&]() -> coro<> {
                    Program program;
                    tasks_of tasks;
                    auto canceller = [&]() -> coro<> {
                        co_await turns(turn);
                        tasks[a].cancel();
                        tasks[b].cancel();
                    };
                    task<> cancels;
                    if (before_the_tasks) cancels = create_task(canceller());
                    tasks = program.start(alive);
                    if (!before_the_tasks) cancels = create_task(canceller());
                    n = tasks.size();
                    int lasted = 0;
                    for (; lasted < turns_to_settle; ++lasted) {
                        co_await turns(1);
                        if (cancels.done() && all_done(tasks)) break;
                    }
                    if (lasted < turns_to_settle) longest = std::max(longest, lasted);
                    co_await program.check(tasks);
                    for (auto& t : tasks) t.cancel();
                    co_await turns(turns_to_settle);
                    CHECK(all_done(tasks));
                });
                CHECK(alive.use_count() == 1);
                ++runs;
            }
        }
    }
    return runs;
}

template <class Queue>
struct producers_and_consumers {
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

struct lock_holders {
    lock k;
    int inside = 0, entered = 0;

    coro<> enter(token, int turns_inside) {
        for (int i = 0; i < 2; ++i) {
            auto held = co_await k.acquire_guard();
            struct visit {
                int& inside;
                explicit visit(int& n) : inside(n) { CHECK(++inside == 1); }
                ~visit() { --inside; }
            } here(inside);
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

struct permit_holders {
    semaphore s{2};
    int inside = 0;

    coro<> enter(token, int turns_inside) {
        for (int i = 0; i < 2; ++i) {
            auto permit = co_await s.acquire_guard();
            struct visit {
                int& inside;
                explicit visit(int& n) : inside(n) { CHECK(++inside <= 2); }
                ~visit() { --inside; }
            } here(inside);
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
struct condition_users {
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

struct barrier_parties {
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
    CHECK(cancel_everywhere<producers_and_consumers<queue<int>>>() > 200);
}

TEST_CASE("whenever users of a priority_queue are cancelled, no item is lost and nobody waits in vain") {
    CHECK(cancel_everywhere<producers_and_consumers<priority_queue<int>>>() > 200);
}

TEST_CASE("whenever holders of a lock are cancelled, one at a time holds it and it is free in the end") {
    CHECK(cancel_everywhere<lock_holders>() > 100);
}

TEST_CASE("whenever holders of permits are cancelled, every permit comes back") {
    CHECK(cancel_everywhere<permit_holders>() > 100);
}

TEST_CASE("whenever users of a condition are cancelled, no notification is lost") {
    CHECK(cancel_everywhere<condition_users>() > 50);
}

TEST_CASE("whenever parties of a barrier are cancelled, the others are counted right") {
    CHECK(cancel_everywhere<barrier_parties>() > 30);
}
