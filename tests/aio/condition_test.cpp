#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/condition.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

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

coro<> note_when_notified(condition c, std::string name, std::string& order) {
    auto held = co_await c.acquire_guard();
    co_await c.wait();
    CHECK(c.locked());
    order += name;
}

coro<> notify(condition c, std::size_t n = 1) {
    auto held = co_await c.acquire_guard();
    c.notify(n);
}

template <class Task>
coro<std::string> cancellation_of(Task t) {
    try {
        co_await t;
    } catch (const cancelled_error& e) {
        co_return "cancelled:" + e.message();
    }
    co_return "not cancelled";
}

}  // namespace

TEST_CASE("18.01 wait, notify and notify_all without the lock raise runtime_error that says what to do") {
    run_virtual([]() -> coro<> {
        condition c;
        CHECK_THROWS_WITH_AS(co_await c.wait(), "cannot wait without the condition's lock: acquire it first",
                             std::runtime_error);
        CHECK_THROWS_AS(co_await c.wait_for([] { return false; }), std::runtime_error);
        CHECK_THROWS_WITH_AS(c.notify(), "cannot notify without the condition's lock: acquire it first",
                             std::runtime_error);
        CHECK_THROWS_AS(c.notify_all(), std::runtime_error);
        CHECK_FALSE(c.locked());
    });
}

TEST_CASE("18.02 wait releases the lock, suspends, and returns only after it holds the lock again") {
    run_virtual([]() -> coro<> {
        condition c;
        std::string order;
        auto t = create_task(note_when_notified(c, "a", order));
        co_await turns(1);
        CHECK_FALSE(c.locked());
        co_await c.acquire();
        c.notify();
        co_await turns(3);
        CHECK_FALSE(t.done());
        c.release();
        co_await t;
        CHECK(order == "a");
        CHECK_FALSE(c.locked());
    });
}

TEST_CASE("18.03 notify wakes at most n waiters in FIFO order, one after another, while the notifier keeps the lock") {
    run_virtual([]() -> coro<> {
        condition c;
        std::string order;
        std::vector<task<>> tasks;
        for (const char* name : {"a", "b", "c", "d", "e"})
            tasks.push_back(create_task(note_when_notified(c, name, order)));
        co_await turns(1);
        {
            auto held = co_await c.acquire_guard();
            c.notify(2);
            co_await turns(3);
            CHECK(c.locked());
            CHECK(order.empty());
        }
        co_await turns(5);
        CHECK(order == "ab");
        co_await notify(c, 100);
        co_await turns(5);
        CHECK(order == "abcde");
    });
}

TEST_CASE("18.04 a notify with no waiter is lost") {
    run_virtual([]() -> coro<> {
        condition c;
        std::string order;
        co_await notify(c);
        auto t = create_task(note_when_notified(c, "a", order));
        co_await turns(5);
        CHECK_FALSE(t.done());
        co_await notify(c);
        co_await t;
    });
}

TEST_CASE("18.05 a cancelled wait takes the lock again before cancelled_error leaves it, waiting as long as needed") {
    run_virtual([]() -> coro<> {
        condition c;
        bool held_again = false;
        auto body = [&]() -> coro<> {
            auto held = co_await c.acquire_guard();
            try {
                co_await c.wait();
            } catch (const cancelled_error&) {
                held_again = c.locked();
                throw;
            }
        };
        auto t = create_task(body());
        co_await turns(1);
        co_await c.acquire();
        t.cancel("why");
        co_await sleep(1h);
        CHECK_FALSE(t.done());
        c.release();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:why");
        CHECK(held_again);
        CHECK_FALSE(c.locked());
    });
}

TEST_CASE("18.06 further cancellations while re-acquiring do not interrupt that, and the last one is raised") {
    run_virtual([]() -> coro<> {
        condition c;
        std::string order;
        auto t = create_task(note_when_notified(c, "never", order));
        co_await turns(1);
        co_await c.acquire();
        for (const char* message : {"first", "second", "last"}) {
            t.cancel(message);
            co_await turns(2);
            CHECK_FALSE(t.done());
        }
        c.release();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:last");
        CHECK(order.empty());
        CHECK_FALSE(c.locked());
    });
}

TEST_CASE("18.06 the cancelled_error that wait raises has the message of the one that interrupted it") {
    run_virtual([]() -> coro<> {
        condition c;
        auto body = [&]() -> coro<> {
            auto held = co_await c.acquire_guard();
            try {
                co_await c.wait_for([] { return false; });
            } catch (const cancelled_error& e) {
                CHECK(e.message() == "foo");
                throw;
            }
        };
        auto while_waiting = create_task(body());
        co_await turns(1);
        while_waiting.cancel("foo");
        auto outcome = co_await cancellation_of(while_waiting);
        CHECK(outcome == "cancelled:foo");

        auto while_relocking = create_task(body());
        co_await turns(1);
        co_await c.acquire();
        c.notify();
        co_await turns(1);
        while_relocking.cancel("foo");
        c.release();
        outcome = co_await cancellation_of(while_relocking);
        CHECK(outcome == "cancelled:foo");
    });
}

TEST_CASE("18.07 a waiter that was notified but is cancelled passes the notification to another waiter") {
    for (int turns_until_cancel = 0; turns_until_cancel < 2; ++turns_until_cancel) {
        CAPTURE(turns_until_cancel);  // 0: before it ran; 1: while it takes the lock again
        run_virtual([&]() -> coro<> {
            condition c;
            int items = 0;
            auto consumer = [&]() -> coro<> {
                auto held = co_await c.acquire_guard();
                co_await c.wait_for([&] { return items != 0; });
                --items;
            };
            auto first = create_task(consumer());
            auto second = create_task(consumer());
            co_await turns(1);
            {
                auto held = co_await c.acquire_guard();
                ++items;
                c.notify();
                co_await turns(turns_until_cancel);
                first.cancel();
            }
            co_await wait_for(second, 1s);
            CHECK(items == 0);
            CHECK(first.cancelled());
        });
    }
}

TEST_CASE("18.08 wait_for re-checks after every wake-up and returns the predicate's last value") {
    run_virtual([]() -> coro<> {
        condition c;
        int value = 0, asked = 0;
        auto body = [&]() -> coro<int> {
            auto held = co_await c.acquire_guard();
            int result = co_await c.wait_for([&] {
                ++asked;
                return value > 1 ? value : 0;
            });
            co_return result;
        };
        auto t = create_task(body());
        for (int i = 0; i < 3; ++i) {
            co_await turns(3);
            CHECK_FALSE(t.done());
            CHECK(asked == i + 1);
            if (i > 0) ++value;
            co_await notify(c);
        }
        auto result = co_await t;
        CHECK(result == 2);
        CHECK(asked == 4);
    });
}

TEST_CASE("18.08 wait_for does not suspend if the predicate holds already, and may return a reference") {
    run_virtual([]() -> coro<> {
        condition c;
        std::shared_ptr<int> value = std::make_shared<int>(7);
        co_await c.acquire();
        turn_watch watch;
        auto& result = co_await c.wait_for([&]() -> std::shared_ptr<int>& { return value; });
        CHECK_FALSE(watch.turned());
        CHECK(&result == &value);
        c.release();
    });
}

TEST_CASE("18.09 a lock may be shared by several conditions") {
    run_virtual([]() -> coro<> {
        lock k;
        condition not_empty(k), not_full(k);
        std::string order;
        auto a = create_task(note_when_notified(not_empty, "not_empty", order));
        auto b = create_task(note_when_notified(not_full, "not_full ", order));
        co_await turns(2);
        {
            auto held = co_await k.acquire_guard();
            CHECK(not_empty.locked());
            CHECK(not_full.locked());
            not_full.notify();
        }
        co_await b;
        CHECK_FALSE(a.done());
        co_await notify(not_empty);
        co_await a;
        CHECK(order == "not_full not_empty");
    });
}

TEST_CASE("18.09 a condition and a lock of different loops raise runtime_error on use") {
    lock k;
    run_virtual([&]() -> coro<> {
        co_await k.acquire();
        auto waiter = create_task(k.acquire());
        co_await turns(1);
        k.release();
        co_await waiter;
        k.release();
    });
    condition c(k);
    run_virtual([&]() -> coro<> {
        co_await c.acquire();
        auto second = create_task(c.acquire());
        CHECK_THROWS_AS(co_await second, std::runtime_error);
        CHECK(c.locked());
        c.release();
    });
}

TEST_CASE("18.10 the guard of a condition is the guard of its lock") {
    run_virtual([]() -> coro<> {
        lock k;
        condition c(k);
        {
            guard<lock> held = co_await c.acquire_guard();
            CHECK(k.locked());
        }
        CHECK_FALSE(k.locked());
        co_await c.acquire();
        CHECK(k.locked());
        c.release();
        CHECK_FALSE(k.locked());
    });
}

TEST_CASE("10.14 a deadline around a condition's wait leaves the lock held") {
    run_virtual([]() -> coro<> {
        condition c;
        auto held = co_await c.acquire_guard();
        CHECK_THROWS_AS(co_await wait_for(c.wait(), 1s), timeout_error);
        CHECK(c.locked());
    });
}

TEST_CASE("a predicate that raises leaves the lock with whoever holds it") {
    run_virtual([]() -> coro<> {
        condition c;
        auto held = co_await c.acquire_guard();
        CHECK_THROWS_AS(co_await c.wait_for([]() -> bool { throw std::domain_error("no"); }), std::domain_error);
        CHECK(c.locked());
    });
}

TEST_CASE("a condition lives as long as somebody waits for it") {
    run_virtual([]() -> coro<> {
        std::string order;
        task<> t;
        {
            condition c;
            t = create_task(note_when_notified(c, "never", order));
            co_await turns(1);
        }
        t.cancel();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:");
    });
}

TEST_CASE("closing the loop over tasks that wait for a condition, or take its lock again, harms nobody") {
    loop l({.virtual_time = true});
    int reported = 0;
    l.set_exception_handler([&](loop&, const auto& context) {
        CHECK(context.message == "Task was destroyed but it is pending!");
        ++reported;
    });
    condition c;
    std::string order;
    auto main = [&]() -> coro<> {
        for (int i = 0; i < 3; ++i) create_task(note_when_notified(c, "x", order));
        co_await turns(1);
        co_await c.acquire();
        c.notify();
        co_await turns(1);
    };
    l.run_until_complete(main());
    l.close();
    CHECK(reported == 3);
    CHECK(order.empty());
}

TEST_CASE("18.09 waiting for a condition from a second loop raises runtime_error, and gives the lock back") {
    condition c;
    auto wait_in_vain = [&]() -> coro<> {
        auto held = co_await c.acquire_guard();
        co_await wait_for(c.wait(), 1s);
    };
    CHECK_THROWS_AS(run_virtual(wait_in_vain), timeout_error);
    CHECK_THROWS_WITH_AS(run_virtual(wait_in_vain), doctest::Contains("tasks of another event loop"),
                         std::runtime_error);
    CHECK_FALSE(c.locked());
}
