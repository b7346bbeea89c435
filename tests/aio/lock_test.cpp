#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/async_generator.hpp>
#include <girin/lock.hpp>
#include <girin/loop.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <optional>
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

coro<> hold_for_a_turn(lock k, std::string name, std::string& order) {
    auto held = co_await k.acquire_guard();
    order += name;
    co_await sleep(0s);
}

}  // namespace

TEST_CASE("16.01 acquire on a free lock with no live waiters takes it without suspending") {
    run_virtual([]() -> coro<> {
        lock k;
        turn_watch watch;
        co_await k.acquire();
        CHECK_FALSE(watch.turned());
        CHECK(k.locked());
    });
}

TEST_CASE("16.02 waiters get the lock in FIFO order, one per release") {
    run_virtual([]() -> coro<> {
        lock k;
        co_await k.acquire();
        std::vector<task<>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(create_task(k.acquire()));
        co_await turns(1);
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            k.release();
            co_await turns(3);
            for (std::size_t j = 0; j < tasks.size(); ++j) CHECK(tasks[j].done() == (j <= i));
        }
        k.release();
        CHECK_FALSE(k.locked());
    });
}

TEST_CASE("16.03 release frees the lock and wakes the first waiter, and locked() is false until that one runs") {
    run_virtual([]() -> coro<> {
        lock k;
        co_await k.acquire();
        auto waiter = create_task(k.acquire());
        co_await turns(1);
        k.release();
        CHECK_FALSE(k.locked());
        co_await turns(1);
        CHECK(waiter.done());
        CHECK(k.locked());
    });
}

TEST_CASE("16.04 between release and the waiter's next step nobody can barge in") {
    run_virtual([]() -> coro<> {
        lock k;
        std::string order;
        co_await k.acquire();
        auto first = create_task(hold_for_a_turn(k, "first ", order));
        co_await turns(1);
        k.release();
        co_await hold_for_a_turn(k, "barger", order);
        CHECK(order == "first barger");
    });
}

TEST_CASE("16.05 a waiter cancelled before being woken disappears, and release skips it") {
    run_virtual([]() -> coro<> {
        lock k;
        co_await k.acquire();
        auto a = create_task(k.acquire());
        auto b = create_task(k.acquire());
        co_await turns(1);
        a.cancel();
        k.release();
        co_await turns(1);
        CHECK(b.done());
        CHECK(k.locked());
        co_await turns(1);
        CHECK(a.cancelled());
    });
}

TEST_CASE("16.06 a waiter cancelled after being woken passes the wake-up to the next") {
    run_virtual([]() -> coro<> {
        lock k;
        co_await k.acquire();
        std::vector<task<>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(k.acquire()));
        co_await turns(1);
        k.release();
        for (int i = 0; i < 3; ++i) {
            tasks[i].cancel();
            co_await turns(1);
        }
        co_await tasks[3];
        for (int i = 0; i < 3; ++i) CHECK(tasks[i].cancelled());
        CHECK(k.locked());
    });
}

TEST_CASE("16.07 if all queued waiters are cancelled a new acquirer takes the free lock at once") {
    run_virtual([]() -> coro<> {
        lock k;
        co_await k.acquire();
        auto a = create_task(k.acquire());
        auto b = create_task(k.acquire());
        co_await turns(1);
        a.cancel();
        b.cancel();
        k.release();
        turn_watch watch;
        co_await k.acquire();
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("16.08 two tasks never hold the lock at once, whatever the interleaving of cancel and release") {
    for (int cancel_at = 0; cancel_at < 12; ++cancel_at) {
        CAPTURE(cancel_at);
        run_virtual([&]() -> coro<> {
            lock k;
            int inside = 0, entered = 0;
            bool overlapped = false;
            auto enter = [&](int turns_inside) -> coro<> {
                auto held = co_await k.acquire_guard();
                ++entered;
                overlapped |= ++inside > 1;
                struct leave {
                    int& inside;
                    ~leave() { --inside; }
                } on_exit{inside};
                co_await turns(turns_inside);
            };
            std::vector<task<>> tasks;
            for (int i = 0; i < 5; ++i) tasks.push_back(create_task(enter(i % 3)));
            co_await turns(cancel_at);
            tasks[1].cancel();
            tasks[2].cancel();
            co_await turns(20);
            CHECK_FALSE(overlapped);
            CHECK(inside == 0);
            CHECK(entered >= 3);
            CHECK_FALSE(k.locked());
        });
    }
}

TEST_CASE("16.09 release of a free lock raises runtime_error that says what to do") {
    lock k;
    CHECK_THROWS_WITH_AS(k.release(), "this lock is not held: release() it once after each acquire()",
                         std::runtime_error);
}

TEST_CASE("16.09 any task may release a lock, and it is not reentrant") {
    run_virtual([]() -> coro<> {
        lock k;
        auto acquire_twice = [&]() -> coro<> {
            co_await k.acquire();
            co_await k.acquire();
        };
        auto t = create_task(acquire_twice());
        co_await turns(3);
        CHECK_FALSE(t.done());
        k.release();
        co_await t;
        CHECK(k.locked());
    });
}

TEST_CASE("16.10 a guard acquires and releases, also on exceptions and cancellation of the body") {
    run_virtual([]() -> coro<> {
        lock k;
        {
            auto held = co_await k.acquire_guard();
            CHECK(k.locked());
        }
        CHECK_FALSE(k.locked());

        auto raise = [&]() -> coro<> {
            auto held = co_await k.acquire_guard();
            throw std::domain_error("body");
        };
        CHECK_THROWS_AS(co_await raise(), std::domain_error);
        CHECK_FALSE(k.locked());

        std::string order;
        auto t = create_task(hold_for_a_turn(k, "in", order));
        co_await turns(1);
        CHECK(k.locked());
        t.cancel();
        co_await turns(1);
        CHECK(t.cancelled());
        CHECK_FALSE(k.locked());
    });
}

TEST_CASE("16.11 waiting on a lock from a second loop raises runtime_error, and the uncontended path needs no loop") {
    lock k;
    auto contend = [&]() -> coro<> {
        co_await k.acquire();
        auto waiter = create_task(k.acquire());
        co_await turns(1);
        k.release();
        co_await waiter;
        k.release();
    };
    run_virtual(contend);
    CHECK_THROWS_AS(run_virtual(contend), std::runtime_error);
    auto uncontended = [&]() -> coro<> {
        co_await k.acquire();
        k.release();
    };
    run_virtual(uncontended);
    auto by_hand = uncontended();
    by_hand.handle().resume();
    CHECK(by_hand.handle().done());
}

TEST_CASE("a guard can be moved, and given up before the end of its block") {
    run_virtual([]() -> coro<> {
        lock k;
        std::optional<guard<lock>> outer;
        {
            auto held = co_await k.acquire_guard();
            outer = std::move(held);
            CHECK_FALSE(held);
        }
        CHECK(k.locked());
        outer->release();
        CHECK_FALSE(k.locked());
        outer->release();
        outer.reset();

        auto first = co_await k.acquire_guard();
        lock other;
        auto second = co_await other.acquire_guard();
        first = std::move(second);
        CHECK(other.locked());
    });
}

TEST_CASE("a guard whose lock somebody else has released tells the exception handler") {
    run_virtual([]() -> coro<> {
        std::string reported;
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported = context.message; });
        lock k;
        {
            auto held = co_await k.acquire_guard();
            k.release();
        }
        CHECK(reported == "a guard could not release what it holds");
        loop::running().set_exception_handler(nullptr);
    });
}

TEST_CASE("a lock lives as long as somebody waits for it or holds its guard") {
    run_virtual([]() -> coro<> {
        std::string order;
        std::vector<task<>> tasks;
        {
            lock k;
            for (const char* name : {"a", "b", "c"}) tasks.push_back(create_task(hold_for_a_turn(k, name, order)));
            co_await turns(1);
        }
        for (auto& t : tasks) co_await t;
        CHECK(order == "abc");
    });
}

TEST_CASE("a copy of a lock is the same lock") {
    run_virtual([]() -> coro<> {
        lock k;
        lock same = k;
        lock moved = std::move(same);
        co_await k.acquire();
        CHECK(moved.locked());
        CHECK(same.locked());
        moved.release();
        CHECK_FALSE(k.locked());
    });
}

TEST_CASE("acquire does nothing before it is awaited") {
    run_virtual([]() -> coro<> {
        lock k;
        {
            auto dropped = k.acquire();
            auto later = create_task(k.acquire());
            CHECK_FALSE(k.locked());
            later.cancel();
        }
        co_await turns(2);
        CHECK_FALSE(k.locked());
    });
}

TEST_CASE("acquire can be given a deadline") {
    run_virtual([]() -> coro<> {
        lock k;
        co_await wait_for(k.acquire(), 1s);
        CHECK_THROWS_AS(co_await wait_for(k.acquire(), 1s), timeout_error);
        k.release();
        CHECK_FALSE(k.locked());
        auto held = co_await wait_for(k.acquire_guard(), 1s);
        CHECK(k.locked());
    });
}

TEST_CASE("only a task can wait for a lock") {
    lock k;
    auto acquire = [&]() -> coro<> { co_await k.acquire(); };
    auto first = acquire();
    first.handle().resume();
    CHECK(k.locked());
    loop l;
    l.call_soon([&] {
        auto second = acquire();
        second.handle().resume();
        CHECK_THROWS_WITH_AS(second.handle().promise().result.take(),
                             "only a task can wait: make one with create_task or run", std::runtime_error);
        l.stop();
    });
    l.run_forever();
    k.release();
    CHECK_FALSE(k.locked());
}

TEST_CASE("closing the loop over tasks that were woken for a lock, or wait for it, leaves the lock free") {
    lock k;
    std::string order;
    {
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        auto main = [&]() -> coro<> {
            co_await k.acquire();
            for (int i = 0; i < 3; ++i) create_task(hold_for_a_turn(k, "x", order));
            co_await turns(1);
            k.release();
            loop::running().stop();
        };
        l.call_soon([&] { create_task(main()); });
        l.run_forever();
        CHECK(order.empty());
    }
    CHECK_FALSE(k.locked());
    run_virtual([&]() -> coro<> { co_await k.acquire(); });
    CHECK(k.locked());
}

TEST_CASE("a generator that is dropped in the turn in which its acquire was woken passes the lock on") {
    loop l;
    l.set_exception_handler([](loop&, const auto&) {});
    auto main = []() -> coro<> {
        lock k;
        co_await k.acquire();
        auto body = [](lock mine) -> async_generator<int> {
            co_await mine.acquire();
            co_yield 1;
        };
        std::optional<async_generator<int>> generator(body(k));
        auto first = create_task([&]() -> coro<> { co_await generator->next(); });
        co_await turns(2);
        auto second = create_task(k.acquire());
        co_await turns(2);
        k.release();
        generator.reset();
        co_await wait_for(second, 1s);
        CHECK(k.locked());
        CHECK_FALSE(first.done());
    };
    l.run_until_complete(main());
}
