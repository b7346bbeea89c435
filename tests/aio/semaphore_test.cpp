#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/bounded_semaphore.hpp>
#include <girin/gather.hpp>
#include <girin/semaphore.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

coro<> note_acquired(semaphore s, std::string name, std::string& order) {
    co_await s.acquire();
    order += name;
}

// How many permits can be had at once; they are given back.
coro<int> value_of(semaphore s) {
    int value = 0;
    for (; !s.locked(); ++value) co_await s.acquire();
    for (int i = 0; i < value; ++i) s.release();
    co_return value;
}

}  // namespace

TEST_CASE("19.01 acquire with a value above zero and no live waiters takes a permit without suspending") {
    run_virtual([]() -> coro<> {
        semaphore s(2);
        turn_watch watch;
        co_await s.acquire();
        CHECK_FALSE(s.locked());
        co_await s.acquire();
        CHECK(s.locked());
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("19.01 a negative start value is invalid_argument, and 0 is legal") {
    CHECK_THROWS_WITH_AS(semaphore(-1),
                         "a semaphore cannot begin with less than no permit: give it a value of 0 or more",
                         std::invalid_argument);
    CHECK_THROWS_AS(bounded_semaphore(-1), std::invalid_argument);
    CHECK(semaphore(0).locked());
    CHECK_FALSE(semaphore().locked());
}

TEST_CASE("19.02 while a live waiter is queued a newcomer queues behind it even if the value is above zero") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        std::string order;
        auto first = create_task(note_acquired(s, "first ", order));
        co_await turns(1);
        s.release();
        s.release();
        co_await note_acquired(s, "newcomer", order);
        CHECK(order == "first newcomer");
    });
}

TEST_CASE("19.03 locked() is true if the value is 0 or any live waiter is queued") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        auto waiter = create_task(s.acquire());
        co_await turns(1);
        s.release();
        s.release();
        CHECK(s.locked());
        co_await turns(1);
        CHECK_FALSE(s.locked());
        co_await s.acquire();
        CHECK(s.locked());
    });
}

TEST_CASE("19.04 release hands the permit to the first live waiter at once, so that it cannot be stolen") {
    run_virtual([]() -> coro<> {
        semaphore s(1);
        std::string order;
        co_await s.acquire();
        auto waiter = create_task(note_acquired(s, "waiter ", order));
        co_await turns(1);
        s.release();
        auto thief = create_task(note_acquired(s, "thief", order), {.eager_start = true});
        co_await turns(3);
        CHECK(order == "waiter ");
        s.release();
        co_await thief;
        CHECK(order == "waiter thief");
    });
}

TEST_CASE("19.05 k releases in one turn serve k waiters in that order") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        std::string order;
        for (const char* name : {"a", "b", "c", "d"}) create_task(note_acquired(s, name, order));
        co_await turns(1);
        for (int i = 0; i < 3; ++i) s.release();
        co_await turns(1);
        CHECK(order == "abc");
        s.release();
        co_await turns(1);
        CHECK(order == "abcd");
    });
}

TEST_CASE("19.05 each served waiter, when it runs, wakes as many further ones as permits allow") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        std::string order;
        task<> fourth;
        auto first = [&]() -> coro<> {
            co_await s.acquire();
            fourth = create_task([&]() -> coro<> {
                order += "4";
                co_return;
            });
            order += "1";
        };
        auto second = [&]() -> coro<> {
            for (int i = 0; i < 3; ++i) s.release();
            CHECK(s.locked());
            co_await s.acquire();
            order += "2";
        };
        auto t1 = create_task(first());
        auto t2 = create_task(second());
        auto t3 = create_task(note_acquired(s, "3", order));
        co_await gather(t1, t2, t3);
        co_await fourth;
        CHECK(order == "1234");
    });
}

TEST_CASE("19.06 a waiter cancelled before being served is skipped") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        std::vector<task<>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(s.acquire()));
        co_await turns(1);
        tasks[0].cancel();
        tasks[1].cancel();
        s.release();
        co_await turns(2);
        CHECK(tasks[2].done());
        CHECK_FALSE(tasks[2].cancelled());
        CHECK_FALSE(tasks[3].done());
    });
}

TEST_CASE("19.07 a waiter cancelled after being served gives the permit back and the next waiter gets it") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        std::vector<task<>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(s.acquire()));
        co_await turns(1);
        s.release();
        for (int i = 0; i < 3; ++i) {
            tasks[i].cancel();
            co_await turns(1);
            CHECK(tasks[i].cancelled());
        }
        co_await turns(1);
        CHECK(tasks[3].done());
        CHECK(s.locked());
        s.release();
        int value = co_await value_of(s);
        CHECK(value == 1);
    });
}

TEST_CASE("19.08 after any mix of acquire, cancel and release the value is the start value plus surplus releases") {
    for (int cancel_at = 0; cancel_at < 10; ++cancel_at) {
        CAPTURE(cancel_at);
        run_virtual([&]() -> coro<> {
            semaphore s(2);
            auto user = [&](int turns_inside) -> coro<> {
                auto permit = co_await s.acquire_guard();
                co_await turns(turns_inside);
            };
            std::vector<task<>> tasks;
            for (int i = 0; i < 8; ++i) tasks.push_back(create_task(user(i % 3)));
            co_await turns(cancel_at);
            for (int i : {1, 2, 3, 6}) tasks[i].cancel();
            s.release();
            co_await turns(40);
            for (auto& t : tasks) CHECK(t.done());
            int value = co_await value_of(s);
            CHECK(value == 3);
        });
    }
}

TEST_CASE("19.09 release without acquire increases a semaphore's value") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        s.release();
        s.release();
        int value = co_await value_of(s);
        CHECK(value == 2);
    });
}

TEST_CASE("19.09 a bounded_semaphore raises invalid_argument when the value would exceed the start value") {
    run_virtual([]() -> coro<> {
        bounded_semaphore s(2);
        CHECK_THROWS_WITH_AS(s.release(), "semaphore released too many times: release() it once after each acquire()",
                             std::invalid_argument);
        co_await s.acquire();
        s.release();
        CHECK_THROWS_AS(s.release(), std::invalid_argument);
        semaphore same = s;
        CHECK_THROWS_AS(same.release(), std::invalid_argument);
    });
}

TEST_CASE("19.10 a guard takes and gives back one permit, also on exceptions") {
    run_virtual([]() -> coro<> {
        bounded_semaphore s(1);
        {
            auto permit = co_await s.acquire_guard();
            CHECK(s.locked());
        }
        CHECK_FALSE(s.locked());
        auto raise = [&]() -> coro<> {
            auto permit = co_await s.acquire_guard();
            throw std::domain_error("body");
        };
        CHECK_THROWS_AS(co_await raise(), std::domain_error);
        CHECK_FALSE(s.locked());
    });
}

TEST_CASE("19.11 a task that released and re-acquires does not overtake waiters") {
    run_virtual([]() -> coro<> {
        semaphore s(1);
        std::string order;
        auto twice = [&](std::string name) -> coro<> {
            for (const char* round : {"1 ", "2 "}) {
                auto permit = co_await s.acquire_guard();
                order += name + round;
                co_await sleep(10ms);
            }
        };
        co_await gather(twice("a"), twice("b"), twice("c"));
        CHECK(order == "a1 b1 c1 a2 b2 c2 ");
    });
}

TEST_CASE("19.11 a cancelled waiter leaves nothing behind that hangs the others") {
    run_virtual([]() -> coro<> {
        semaphore s(1);
        task<> second;
        auto first = [&]() -> coro<> {
            {
                auto permit = co_await s.acquire_guard();
                co_await turns(1);
            }
            second.cancel();
        };
        auto t = create_task(first());
        second = create_task([&]() -> coro<> {
            auto permit = co_await s.acquire_guard();
            FAIL("it was cancelled");
        });
        co_await t;
        CHECK_THROWS_AS(co_await second, cancelled_error);
        co_await wait_for(s.acquire(), 1s);
    });
}

TEST_CASE("19.11 the order of waiting survives cancellations") {
    run_virtual([]() -> coro<> {
        semaphore s(0);
        std::string order;
        std::vector<task<>> tasks;
        for (const char* name : {"1", "2", "3", "4"}) tasks.push_back(create_task(note_acquired(s, name, order)));
        co_await turns(1);
        tasks[0].cancel();
        s.release();
        tasks[1].cancel();
        s.release();
        co_await turns(5);
        CHECK(order == "34");
    });
}

TEST_CASE("waiting for a semaphore from a second loop raises runtime_error") {
    semaphore s(0);
    auto wait_in_vain = [&]() -> coro<> { co_await wait_for(s.acquire(), 1s); };
    CHECK_THROWS_AS(run_virtual(wait_in_vain), timeout_error);
    CHECK_THROWS_WITH_AS(run_virtual(wait_in_vain), doctest::Contains("tasks of another event loop"),
                         std::runtime_error);
    s.release();
    run_virtual(wait_in_vain);
}

TEST_CASE("a semaphore lives as long as somebody holds one of its permits") {
    run_virtual([]() -> coro<> {
        std::vector<task<>> tasks;
        int done = 0;
        {
            semaphore s(1);
            auto user = [](semaphore s, int& done) -> coro<> {
                auto permit = co_await s.acquire_guard();
                co_await turns(2);
                ++done;
            };
            for (int i = 0; i < 3; ++i) tasks.push_back(create_task(user(s, done)));
            co_await turns(1);
        }
        for (auto& t : tasks) co_await t;
        CHECK(done == 3);
    });
}

TEST_CASE("closing the loop over tasks that wait for a semaphore keeps its permits") {
    semaphore s(0);
    {
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        auto main = [&]() -> coro<> {
            for (int i = 0; i < 3; ++i) create_task(s.acquire());
            co_await turns(1);
            s.release();
            s.release();
            loop::running().stop();
        };
        l.call_soon([&] { create_task(main()); });
        l.run_forever();
        CHECK(s.locked());
    }
    run_virtual([&]() -> coro<> {
        int value = co_await value_of(s);
        CHECK(value == 2);
    });
}
