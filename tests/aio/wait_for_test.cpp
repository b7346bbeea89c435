#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::sleep_for;
using girin::test::turn_watch;
using girin::test::turns;

TEST_CASE("10.01 with no timeout or a positive one the awaitable is awaited in the calling task") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<any_task> {
            co_await sleep(1s);
            CHECK(all_tasks().size() == 1);
            co_return current_task();
        };
        auto awaited = co_await wait_for(body(), 5s);
        CHECK(awaited == current_task());
        auto again = co_await wait_for(body(), std::nullopt);
        CHECK(again == current_task());
        auto t = create_task(sleep_for(1h));
        co_await wait_for(t, std::nullopt);
        CHECK(t.done());
    });
}

TEST_CASE("10.03 on timeout the awaitable is cancelled and wait_for returns only after it has really finished") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        auto t = create_task([]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_await sleep(3s);
            throw cancelled_error();
        });
        auto outcome = co_await outcome_of(wait_for(t, 1s));
        CHECK(outcome == "timeout");
        CHECK(t.done());
        CHECK(loop::running().time() - start == 4s);
    });
}

TEST_CASE("10.04 timeout_error is raised with cancelled_error as its cause") {
    run_virtual([]() -> coro<> {
        std::exception_ptr cause;
        try {
            co_await wait_for(sleep_for(1h), 1s);
        } catch (const timeout_error& e) {
            cause = e.cause();
        }
        CHECK_THROWS_AS(std::rethrow_exception(cause), cancelled_error);
    });
}

TEST_CASE("10.05 if the awaitable swallows the cancellation and returns a value, that value is returned") {
    run_virtual([]() -> coro<> {
        auto swallow = []() -> coro<int> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_return 42;
        };
        auto awaited = co_await wait_for(swallow(), 1s);
        CHECK(awaited == 42);
        auto again = co_await wait_for(create_task(swallow()), 1s);
        CHECK(again == 42);
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("10.07 timeout <= 0: a done future's result is returned at once, a coroutine's body never starts") {
    run_virtual([]() -> coro<> {
        bool started = false;
        auto body = [&]() -> coro<int> {
            started = true;
            co_return 1;
        };
        turn_watch watch;
        CHECK_THROWS_AS(co_await wait_for(body(), 0s), timeout_error);
        CHECK_THROWS_AS(co_await wait_for(body(), -1s), timeout_error);
        CHECK_FALSE(started);
        auto f = create_future<int>();
        f.set_result(3);
        auto awaited = co_await wait_for(f, 0s);
        CHECK(awaited == 3);
        auto again = co_await wait_for(f, -1s);
        CHECK(again == 3);
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("10.09 cancelling wait_for cancels the awaitable, cancelled_error is raised after it has finished") {
    run_virtual([]() -> coro<> {
        bool finished = false;
        auto body = [&]() -> coro<> {
            std::exception_ptr raised;
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                raised = std::current_exception();
            }
            co_await sleep(1s);
            finished = true;
            std::rethrow_exception(raised);
        };
        auto waiter = create_task(wait_for(create_task(body()), 9s));
        co_await sleep(1s);
        waiter.cancel("why");
        auto outcome = co_await outcome_of(waiter);
        CHECK(outcome == "cancelled:why");
        CHECK(finished);
    });
}

TEST_CASE("10.11 a completion one turn before the timer wins, one in the same turn loses, and the result is kept") {
    run_virtual([]() -> coro<> {
        auto early = create_future<int>(), late = create_future<int>();
        auto& l = loop::running();
        auto of_early = create_task(outcome_of(wait_for(early, 1s)));
        co_await turns(1);
        l.call_soon([&] {
            l.advance(2s);
            early.set_result(1);
        });
        auto first = co_await of_early;
        CHECK(first == "done");
        l.call_later(1s, [&] { late.set_result(2); });
        auto second = co_await outcome_of(wait_for(late, 1s));
        CHECK(second == "timeout");
        CHECK(late.result() == 2);
    });
}

TEST_CASE("10.15 after timeout_error cancelling() of the caller is what it was before") {
    run_virtual([]() -> coro<> {
        co_await outcome_of(wait_for(sleep_for(1h), 1s));
        co_await outcome_of(wait_for(create_future<int>(), 1s));
        co_await outcome_of(wait_for(create_future<int>(), 0s));
        CHECK(current_task().cancelling() == 0);
        co_await sleep(1s);
    });
}

TEST_CASE("10.02 it returns the result or raises the awaitable's own exception") {
    run_virtual([]() -> coro<> {
        auto value = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(1); };
        auto failure = []() -> coro<int> {
            co_await sleep(1s);
            throw std::domain_error("x");
        };
        auto owner = co_await wait_for(value(), 1s);
        CHECK(*owner == 1);
        auto from_task = co_await wait_for(create_task(value()), 1s);
        CHECK(*from_task == 1);
        CHECK_THROWS_AS(co_await wait_for(failure(), 5s), std::domain_error);
    });
}

TEST_CASE("wait_for leaves the value to others who hold the future") {
    run_virtual([]() -> coro<> {
        auto f = create_future<std::string>();
        f.set_result(100, 'x');
        std::string first = co_await wait_for(f, 1s);
        std::string second = co_await wait_for(f, 0s);
        CHECK(first.size() == 100);
        CHECK(second.size() == 100);
        CHECK(f.result().size() == 100);
    });
}

TEST_CASE("10.08 with timeout <= 0 a pending future is cancelled, and a cancelled task's end is waited for") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto of_future = co_await outcome_of(wait_for(f, 0s));
        CHECK(of_future == "timeout");
        CHECK(f.cancelled());

        bool ended = false;
        auto slow = create_task([&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_await sleep(3s);
            ended = true;
            throw cancelled_error("at last");
        });
        co_await sleep(0s);
        auto of_task = co_await outcome_of(wait_for(slow, -1s));
        CHECK(of_task == "timeout");
        CHECK(ended);

        auto failed = create_future<int>();
        failed.set_exception(std::domain_error("failed"));
        auto of_failed = co_await outcome_of(wait_for(failed, 0s));
        CHECK(of_failed == "failed");
        auto of_cancelled = co_await outcome_of(wait_for(f, 0s));
        CHECK(of_cancelled == "cancelled");
    });
}

TEST_CASE("a cancellation from outside during wait_for's last wait is not turned into timeout_error") {
    run_virtual([]() -> coro<> {
        auto stubborn = create_task([]() -> coro<> {
            for (int i = 0; i < 2; ++i) {
                try {
                    co_await sleep(1h);
                } catch (const cancelled_error&) {
                    if (i == 1) throw;
                }
            }
        });
        co_await sleep(0s);
        auto waiter = create_task(wait_for(stubborn, 0s));
        co_await sleep(1s);
        waiter.cancel("outside");
        auto outcome = co_await outcome_of(waiter);
        CHECK(outcome == "cancelled:outside");
    });
}

TEST_CASE("10.10 an outer cancel in the same turn as the completion is never swallowed, the future keeps its result") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto waiter = create_task(wait_for(f, 1h));
        co_await sleep(0s);
        f.set_result(1);
        waiter.cancel();
        auto outcome = co_await outcome_of(waiter);
        CHECK(outcome == "cancelled");
        CHECK(f.result() == 1);
    });
}

TEST_CASE("10.12 if the future is cancelled by someone else, wait_for raises cancelled_error, not timeout_error") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        loop::running().call_later(1s, [f] { f.cancel("elsewhere"); });
        auto outcome = co_await outcome_of(wait_for(f, 1h));
        CHECK(outcome == "cancelled:elsewhere");
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("10.08 with timeout <= 0 a caller that is cancelled meanwhile does not cancel the awaitable again") {
    run_virtual([]() -> coro<> {
        int interrupted = 0;
        auto cleans_up = [&]() -> coro<> {
            for (int i = 0; i < 2; ++i) {
                try {
                    co_await sleep(1s);
                } catch (const cancelled_error&) {
                    ++interrupted;
                }
            }
        };
        auto inner = create_task(cleans_up());
        co_await turns(1);
        auto outer = create_task(outcome_of(wait_for(inner, 0s)));
        co_await turns(2);
        CHECK(interrupted == 1);
        outer.cancel("outer");
        auto outcome = co_await outer;
        CHECK(outcome == "cancelled:outer");
        CHECK_FALSE(inner.done());
        co_await inner;
        CHECK(interrupted == 1);
        CHECK_FALSE(inner.cancelled());
    });
}

TEST_CASE("10.06 if it raises another exception while being cancelled, that exception is raised") {
    run_virtual([]() -> coro<> {
        auto t = create_task([]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw std::domain_error("unwinding");
            }
        });
        auto outcome = co_await outcome_of(wait_for(t, 1s));
        CHECK(outcome == "unwinding");
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("10.04 timeout_error has a cancelled_error as its cause also when there was no time to start") {
    run_virtual([]() -> coro<> {
        std::exception_ptr cause;
        try {
            co_await wait_for(sleep(1h), 0s);
        } catch (const timeout_error& e) {
            cause = e.cause();
        }
        REQUIRE(cause);
        CHECK_THROWS_AS(std::rethrow_exception(cause), cancelled_error);
    });
}
