#include "tests/support/run_virtual.hpp"

#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

coro<> sleep_for(std::chrono::nanoseconds delay) {
    co_await sleep(delay);
}

template <class Awaitable>
coro<std::string> outcome_of(Awaitable awaited) {
    try {
        co_await std::move(awaited);
    } catch (const timeout_error&) {
        co_return "timeout";
    } catch (const cancelled_error& e) {
        co_return "cancelled:" + e.message();
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "done";
}

}  // namespace

TEST_CASE("a body that ends in time gives its result, and leaves no timer") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        int value = co_await timeout(10s, []() -> coro<int> {
            co_await sleep(1s);
            co_return 5;
        });
        CHECK(value == 5);
        auto owner = co_await timeout(10s, []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(6); });
        CHECK(*owner == 6);
        CHECK(loop::running().time() - start == 1s);
        co_await sleep(20s);
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("a body may return a reference") {
    run_virtual([]() -> coro<> {
        int object = 1;
        auto body = [&]() -> coro<int&> { co_return object; };
        int& same = co_await timeout(1s, body);
        CHECK(&same == &object);
        int& again = co_await wait_for(body(), 1s);
        CHECK(&again == &object);
    });
}

TEST_CASE("a timeout tells its deadline, or that it has none") {
    run_virtual([]() -> coro<> {
        timeout_scope never;
        CHECK(never.when() == std::nullopt);
        co_await never.run([]() -> coro<> { co_await sleep(24h * 365); });
        CHECK_FALSE(never.expired());
        auto deadline = loop::running().time() + 1s;
        CHECK(timeout_scope(deadline).when() == deadline);
    });
}

TEST_CASE("a timeout of forever does not overflow") {
    run_virtual([]() -> coro<> {
        auto outcome =
            co_await outcome_of(timeout(std::chrono::nanoseconds::max(), []() -> coro<> { co_await sleep(1s); }));
        CHECK(outcome == "done");
        auto waited = co_await outcome_of(wait_for(sleep_for(1s), std::chrono::nanoseconds::max()));
        CHECK(waited == "done");
    });
}

TEST_CASE("a deadline in the past interrupts at the first suspension, and not before") {
    run_virtual([]() -> coro<> {
        for (auto delay : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
            bool began = false;
            auto body = [&]() -> coro<> {
                began = true;
                co_await sleep(0s);
            };
            auto outcome = co_await outcome_of(timeout(delay, body));
            CHECK(began);
            CHECK(outcome == "timeout");
        }
    });
}

TEST_CASE("a body that blocks past its deadline without suspending is not interrupted") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        co_await scope.run([]() -> coro<> {
            loop::running().advance(5s);
            co_return;
        });
        CHECK_FALSE(scope.expired());
    });
}

TEST_CASE("reschedule moves a deadline, takes it away and gives it back") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        timeout_scope scope(start + 1s);
        auto outcome = co_await outcome_of(scope.run([&](timeout_scope& running) -> coro<> {
            running.reschedule(start + 10s);
            co_await sleep(5s);
            running.reschedule(std::nullopt);
            co_await sleep(20s);
            running.reschedule(start + 30s);
            co_await sleep(1h);
        }));
        CHECK(outcome == "timeout");
        CHECK(loop::running().time() - start == 30s);
    });
}

TEST_CASE("rescheduling into the past expires in the next turn, also from another task") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        timeout_scope scope(start + 1h);
        auto t = create_task(outcome_of(scope.run([]() -> coro<> { co_await sleep(2h); })));
        co_await sleep(1s);
        scope.reschedule(start);
        auto outcome = co_await t;
        CHECK(outcome == "timeout");
        CHECK(loop::running().time() - start == 1s);
    });
}

TEST_CASE("a timeout that does not run cannot be rescheduled, and one that has run not run again") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        CHECK_THROWS_AS(scope.reschedule(std::nullopt), std::runtime_error);
        co_await scope.run([&]() -> coro<> {
            CHECK_THROWS_AS(co_await scope.run([]() -> coro<> { co_await sleep(1s); }), std::runtime_error);
        });
        CHECK_THROWS_AS(scope.reschedule(std::nullopt), std::runtime_error);
        CHECK_THROWS_AS(co_await scope.run([]() -> coro<> { co_await sleep(1s); }), std::runtime_error);
    });
}

TEST_CASE("a timeout that has expired cannot be rescheduled") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        bool refused = false;
        auto outcome = co_await outcome_of(scope.run([&]() -> coro<> {
            try {
                co_await sleep(2s);
            } catch (const cancelled_error&) {
                try {
                    scope.reschedule(std::nullopt);
                } catch (const std::runtime_error&) {
                    refused = true;
                }
                throw;
            }
        }));
        CHECK(refused);
        CHECK(outcome == "timeout");
    });
}

TEST_CASE("an exception of the body's own is raised after an expiry, and the cancellation is taken back") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        auto outcome = co_await outcome_of(scope.run([]() -> coro<> {
            try {
                co_await sleep(2s);
            } catch (const cancelled_error&) {
                throw std::domain_error("its own");
            }
        }));
        CHECK(outcome == "its own");
        CHECK(scope.expired());
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("an inner timeout that expires first is handled, and the outer one can still expire") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        std::string inner;
        auto outer = co_await outcome_of(timeout(10s, [&]() -> coro<> {
            inner = co_await outcome_of(timeout(1s, []() -> coro<> { co_await sleep(1h); }));
            co_await sleep(1h);
        }));
        CHECK(inner == "timeout");
        CHECK(outer == "timeout");
        CHECK(loop::running().time() - start == 10s);
    });
}

TEST_CASE("of two deadlines that passed in one busy stretch only the outer one raises") {
    run_virtual([]() -> coro<> {
        timeout_scope outer(loop::running().time() + 10s), inner(loop::running().time() + 1s);
        std::string of_inner;
        auto of_outer = co_await outcome_of(outer.run([&]() -> coro<> {
            auto busy = []() -> coro<> {
                loop::running().advance(20s);
                co_await sleep(1h);
            };
            try {
                co_await inner.run(busy);
            } catch (const cancelled_error&) {
                of_inner = "cancelled";
                throw;
            }
        }));
        CHECK(of_inner == "cancelled");
        CHECK(of_outer == "timeout");
        CHECK(inner.expired());
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("a timeout works in the clean-up of a cancelled task") {
    run_virtual([]() -> coro<> {
        std::string cleanup;
        auto body = [&]() -> coro<> {
            std::exception_ptr raised;
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                raised = std::current_exception();
            }
            cleanup = co_await outcome_of(timeout(1s, []() -> coro<> { co_await sleep(1h); }));
            std::rethrow_exception(raised);
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled:");
        CHECK(cleanup == "timeout");
        CHECK(t.cancelling() == 1);
    });
}

TEST_CASE("a loop may be closed while a timeout runs") {
    bool destroyed = false;
    struct sets_flag {
        bool* flag;
        ~sets_flag() { *flag = true; }
    };
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task([&]() -> coro<> {
                co_await timeout(1h, [&]() -> coro<> {
                    sets_flag on_exit{&destroyed};
                    co_await sleep(2h);
                });
            });
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(destroyed);
}

TEST_CASE("wait_for gives the result or the exception of what it waits for") {
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

TEST_CASE("wait_for with no time cancels a pending future, waits for a cancelled task's end, and raises a done one's") {
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
        CHECK(of_cancelled == "cancelled:");
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

TEST_CASE("an outer cancellation in the turn of the completion is not swallowed, and the future keeps its result") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto waiter = create_task(wait_for(f, 1h));
        co_await sleep(0s);
        f.set_result(1);
        waiter.cancel();
        auto outcome = co_await outcome_of(waiter);
        CHECK(outcome == "cancelled:");
        CHECK(f.result() == 1);
    });
}

TEST_CASE("when somebody else cancels the future, wait_for raises cancelled_error") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        loop::running().call_later(1s, [f] { f.cancel("elsewhere"); });
        auto outcome = co_await outcome_of(wait_for(f, 1h));
        CHECK(outcome == "cancelled:elsewhere");
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("wait_for raises another exception that what it cancelled ends with") {
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
