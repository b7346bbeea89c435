#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/barrier.hpp>
#include <girin/gather.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

constexpr std::size_t parties = 5;

template <class Body>
coro<> run_all(std::size_t n, Body& body) {
    std::vector<task<>> tasks;
    for (std::size_t i = 0; i < n; ++i) tasks.push_back(create_task(body()));
    co_await gather(tasks);
}

}  // namespace

TEST_CASE("20.01 the n-th wait releases all n, and each gets a distinct index") {
    run_virtual([]() -> coro<> {
        barrier b(3);
        std::vector<task<std::size_t>> tasks;
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(b.n_waiting() == i);
            tasks.push_back(create_task(b.wait()));
            co_await turns(1);
        }
        CHECK(b.n_waiting() == 0);
        auto indices = co_await gather(tasks);
        std::sort(indices.begin(), indices.end());
        CHECK(indices == std::vector<std::size_t>{0, 1, 2});
        CHECK(b.n_waiting() == 0);
        CHECK_FALSE(b.broken());
    });
}

TEST_CASE("20.01 a barrier of one party does not suspend") {
    run_virtual([]() -> coro<> {
        barrier b(1);
        turn_watch watch;
        for (int i = 0; i < 2; ++i) {
            std::size_t index = co_await b.wait();
            CHECK(index == 0);
        }
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("20.02 less than one party is invalid_argument") {
    CHECK_THROWS_WITH_AS(barrier(0), "a barrier needs at least one party", std::invalid_argument);
    CHECK_THROWS_AS(barrier(-4), std::invalid_argument);
    CHECK(barrier(parties).parties() == parties);
}

TEST_CASE("20.03 a barrier is reusable") {
    run_virtual([]() -> coro<> {
        barrier b(parties);
        int passed_once = 0, passed_twice = 0;
        auto body = [&]() -> coro<> {
            co_await b.wait();
            ++passed_once;
            co_await b.wait();
            ++passed_twice;
            CHECK(passed_once == parties);
        };
        co_await run_all(parties, body);
        CHECK(passed_twice == parties);
        CHECK(b.n_waiting() == 0);
    });
}

TEST_CASE("20.03 a task that waits again while others still leave is held back until the barrier has drained") {
    run_virtual([]() -> coro<> {
        barrier b(parties), others(parties - 2);
        int again = 2;
        auto body = [&]() -> coro<> {
            co_await b.wait();
            if (again > 0) {
                --again;
            } else {
                co_await others.wait();
            }
            co_await b.wait();
        };
        co_await wait_for(run_all(parties, body), 1s);
        CHECK(b.n_waiting() == 0);
    });
}

TEST_CASE("20.04 n_waiting counts tasks during filling and is 0 otherwise") {
    run_virtual([]() -> coro<> {
        barrier b(3);
        std::vector<std::size_t> seen;
        auto body = [&]() -> coro<> {
            seen.push_back(b.n_waiting());
            co_await b.wait();
            seen.push_back(b.n_waiting());
        };
        co_await run_all(3, body);
        CHECK(seen == std::vector<std::size_t>{0, 1, 2, 0, 0, 0});
    });
}

TEST_CASE("20.05 a task cancelled while filling leaves the count, and the barrier is not broken by it") {
    run_virtual([]() -> coro<> {
        barrier b(3);
        auto a = create_task(b.wait());
        auto c = create_task(b.wait());
        co_await turns(1);
        CHECK(b.n_waiting() == 2);
        a.cancel();
        co_await turns(1);
        CHECK(a.cancelled());
        CHECK(b.n_waiting() == 1);
        CHECK_FALSE(b.broken());
        auto d = create_task(b.wait());
        auto e = create_task(b.wait());
        co_await wait_for(gather(c, d, e), 1s);
        CHECK(b.n_waiting() == 0);
    });
}

TEST_CASE("20.06 reset makes waiting tasks raise broken_barrier_error and leaves the barrier usable") {
    run_virtual([]() -> coro<> {
        barrier b(parties);
        int sent_away = 0, passed = 0;
        auto body = [&]() -> coro<> {
            bool broken = false;
            try {
                co_await b.wait();
            } catch (const broken_barrier_error&) {
                broken = true;
            }
            sent_away += broken;
            if (broken) co_await b.wait();
            ++passed;
        };
        std::vector<task<>> tasks;
        for (std::size_t i = 0; i < parties - 1; ++i) tasks.push_back(create_task(body()));
        co_await turns(1);
        co_await b.reset();
        co_await turns(2);
        CHECK(sent_away == parties - 1);
        CHECK_FALSE(b.broken());
        CHECK(b.n_waiting() == parties - 1);
        co_await b.wait();
        co_await wait_for(gather(tasks), 1s);
        CHECK(passed == parties - 1);
    });
}

TEST_CASE("20.06 reset of an empty barrier changes nothing") {
    run_virtual([]() -> coro<> {
        barrier b(1);
        co_await b.reset();
        CHECK_FALSE(b.broken());
        CHECK(b.n_waiting() == 0);
        co_await b.wait();
    });
}

TEST_CASE("20.07 reset while draining lets the leaving tasks finish normally and frees those held back") {
    run_virtual([]() -> coro<> {
        barrier b(parties);
        std::size_t left = 0, again = 0, last = 0;
        auto body = [&]() -> coro<> {
            co_await b.wait();
            if (++left == parties) co_await b.reset();
            co_await b.wait();
            ++again;
            co_await b.wait();
            ++last;
        };
        co_await wait_for(run_all(parties, body), 1s);
        CHECK(again == parties);
        CHECK(last == parties);
        CHECK_FALSE(b.broken());
    });
}

TEST_CASE("20.07 reset while draining sends away who has not left the barrier yet") {
    run_virtual([]() -> coro<> {
        barrier b(parties);
        std::size_t left = 0, sent_away = 0;
        auto body = [&]() -> coro<> {
            bool broken = false;
            try {
                co_await b.wait();
            } catch (const broken_barrier_error&) {
                broken = true;
            }
            sent_away += broken;
            if (!broken && ++left == parties - 2) co_await b.reset();
        };
        co_await run_all(parties, body);
        CHECK(sent_away == 2);
        CHECK_FALSE(b.broken());
        CHECK(b.n_waiting() == 0);
    });
}

TEST_CASE("20.08 abort makes waiting and later waits raise broken_barrier_error until reset") {
    run_virtual([]() -> coro<> {
        barrier b(3);
        auto a = create_task(b.wait());
        auto c = create_task(b.wait());
        co_await turns(1);
        co_await b.abort();
        CHECK(b.broken());
        CHECK_THROWS_AS(co_await a, broken_barrier_error);
        CHECK_THROWS_AS(co_await c, broken_barrier_error);
        CHECK_THROWS_WITH_AS(co_await b.wait(), "the barrier was aborted: reset() it first", broken_barrier_error);
        CHECK(b.n_waiting() == 0);
        co_await b.reset();
        CHECK_FALSE(b.broken());
        co_await gather(b.wait(), b.wait(), b.wait());
    });
}

TEST_CASE("20.08 abort while draining breaks the waits of those who came again") {
    run_virtual([]() -> coro<> {
        barrier b(parties);
        std::size_t draining = 0, held_back = 0, left = 0;
        auto body = [&]() -> coro<> {
            std::size_t* broken_in = &draining;
            try {
                co_await b.wait();
                broken_in = &held_back;
                if (++left > parties / 2)
                    co_await b.abort();
                else
                    co_await b.wait();
                broken_in = nullptr;
            } catch (const broken_barrier_error&) {
            }
            if (broken_in) ++*broken_in;
        };
        co_await run_all(parties, body);
        CHECK(b.broken());
        CHECK(draining == parties / 2);
        CHECK(held_back == parties - parties / 2 - 1);
    });
}

TEST_CASE("waiting at a barrier from a second loop raises runtime_error") {
    barrier b(2);
    auto wait_in_vain = [&]() -> coro<> { co_await wait_for(b.wait(), 1s); };
    CHECK_THROWS_AS(run_virtual(wait_in_vain), timeout_error);
    CHECK_THROWS_WITH_AS(run_virtual(wait_in_vain), doctest::Contains("tasks of another event loop"),
                         std::runtime_error);
    CHECK(b.n_waiting() == 0);
}

TEST_CASE("a barrier lives as long as somebody waits at it") {
    run_virtual([]() -> coro<> {
        task<std::size_t> t;
        {
            barrier b(2);
            t = create_task(b.wait());
            co_await turns(1);
        }
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
    });
}

TEST_CASE("closing the loop over tasks that wait at a barrier harms nobody") {
    loop l({.virtual_time = true});
    int reported = 0;
    l.set_exception_handler([&](loop&, const auto& context) {
        CHECK(context.message == "Task was destroyed but it is pending!");
        ++reported;
    });
    barrier b(3);
    auto main = [&]() -> coro<> {
        create_task(b.wait());
        create_task(b.wait());
        co_await turns(1);
    };
    l.run_until_complete(main());
    l.close();
    CHECK(reported == 2);
    CHECK(b.n_waiting() == 0);
}
