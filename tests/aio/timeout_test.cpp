#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"

#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::sleep_for;

TEST_CASE("13.01 a block that overruns is interrupted by cancelled_error, which becomes the cause of timeout_error") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        bool interrupted = false;
        auto body = [&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                interrupted = true;
                throw;
            }
        };
        std::exception_ptr cause;
        try {
            co_await timeout(1s, body);
        } catch (const timeout_error& e) {
            cause = e.cause();
        }
        CHECK(interrupted);
        CHECK_THROWS_AS(std::rethrow_exception(cause), cancelled_error);
        CHECK_THROWS_AS(co_await timeout_at(start + 5s, body), timeout_error);
        CHECK(loop::running().time() - start == 5s);
    });
}

TEST_CASE("13.02 expired() is true from the moment the timer fired, even if the block then ends normally") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        co_await scope.run([](timeout_scope& running) -> coro<> {
            CHECK_FALSE(running.expired());
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                CHECK(running.expired());
            }
        });
        CHECK(scope.expired());
    });
}

TEST_CASE("13.03 without overrun nothing is raised, the result is returned, and the timer is removed") {
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

TEST_CASE("13.04 a timeout without deadline never expires, and when() is the absolute deadline or nothing") {
    run_virtual([]() -> coro<> {
        timeout_scope never;
        CHECK(never.when() == std::nullopt);
        co_await never.run([]() -> coro<> { co_await sleep(24h * 365); });
        CHECK_FALSE(never.expired());
        auto forever = [](timeout_scope& scope) -> coro<> {
            CHECK(scope.when() == std::nullopt);
            co_await sleep(24h * 365);
        };
        co_await timeout(std::nullopt, forever);
        co_await timeout_at(std::nullopt, forever);
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

TEST_CASE("13.05 deadlines in the past interrupt at the first suspension, sleep(0) included, and not before") {
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

TEST_CASE("13.06 a block that blocks the thread past its deadline without suspending is not interrupted") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        co_await scope.run([]() -> coro<> {
            loop::running().advance(5s);
            co_return;
        });
        CHECK_FALSE(scope.expired());
    });
}

TEST_CASE("13.07 reschedule moves, disables or re-enables the deadline") {
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

TEST_CASE("13.07 a past value given to reschedule fires in the next turn, it may be called by another task") {
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

TEST_CASE("13.08 reschedule before entry or after the end is refused, 13.09 and so is entering twice") {
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

TEST_CASE("13.08 reschedule after expiry began is refused") {
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

TEST_CASE("13.13 a cancellation from outside with no expiry passes through as cancelled_error") {
    run_virtual([]() -> coro<> {
        auto t = create_task(timeout(9s, []() -> coro<> { co_await sleep(1h); }));
        co_await sleep(1s);
        t.cancel("outside");
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled:outside");
        CHECK(t.cancelling() == 1);
    });
}

TEST_CASE("13.14 outside cancel and expiry in the same turn: cancelled_error wins and cancelling() is 1") {
    run_virtual([]() -> coro<> {
        auto t = create_task(timeout(1s, []() -> coro<> { co_await sleep(1h); }));
        co_await sleep(0s);
        loop::running().call_later(1s, [t] { t.cancel(); });
        auto outcome = co_await outcome_of(t);
        CHECK(outcome == "cancelled");
        CHECK(t.cancelling() == 1);
    });
}

TEST_CASE("13.15 if the block raises its own exception after expiry, that is raised, and cancelling() is restored") {
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

TEST_CASE("13.10 nested, outer fires first: the inner block sees plain cancelled_error, only the outer raises") {
    run_virtual([]() -> coro<> {
        timeout_scope inner(loop::running().time() + 9s);
        std::string of_inner;
        auto of_outer = co_await outcome_of(timeout(1s, [&]() -> coro<> {
            of_inner = co_await outcome_of(inner.run([]() -> coro<> { co_await sleep(1h); }));
            throw cancelled_error();
        }));
        CHECK(of_inner == "cancelled");
        CHECK_FALSE(inner.expired());
        CHECK(of_outer == "timeout");
    });
}

TEST_CASE("13.11 nested, same deadline: only the outermost raises timeout_error, and cancelling() is restored") {
    run_virtual([]() -> coro<> {
        auto deadline = loop::running().time() + 1s;
        std::string of_inner;
        auto body = [&]() -> coro<> {
            try {
                co_await timeout_at(deadline, []() -> coro<> { co_await sleep(1h); });
            } catch (const cancelled_error&) {
                of_inner = "cancelled";
                throw;
            }
        };
        auto of_outer = co_await outcome_of(timeout_at(deadline, body));
        CHECK(of_inner == "cancelled");
        CHECK(of_outer == "timeout");
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("13.16 if the block swallows the cancelled_error, no timeout_error is raised and cancelling() is restored") {
    run_virtual([]() -> coro<> {
        int value = co_await timeout(1s, []() -> coro<int> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                CHECK(current_task().cancelling() == 1);
            }
            co_await sleep(1s);
            co_return 5;
        });
        CHECK(value == 5);
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("13.17 an exception raised without expiry passes unchanged") {
    run_virtual([]() -> coro<> {
        auto outcome = co_await outcome_of(timeout(1h, []() -> coro<> {
            co_await sleep(1s);
            throw std::domain_error("its own");
        }));
        CHECK(outcome == "its own");
    });
}

TEST_CASE("13.12 nested, inner fires first and is handled: the outer continues and can still fire later") {
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

TEST_CASE("13.11 of two deadlines that passed in one busy stretch only the outer one raises") {
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

TEST_CASE("13.18 a timeout used inside the cleanup of an already cancelled task raises timeout_error on expiry") {
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
        CHECK(outcome == "cancelled");
        CHECK(cleanup == "timeout");
        CHECK(t.cancelling() == 1);
    });
}

TEST_CASE("13.18 a new outside cancel of a timeout inside the cleanup of a cancelled task raises cancelled_error") {
    run_virtual([]() -> coro<> {
        std::string cleanup;
        auto t = create_task([&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            cleanup = co_await outcome_of(timeout(1min, []() -> coro<> { co_await sleep(1h); }));
        });
        co_await sleep(0s);
        t.cancel();
        co_await sleep(1s);
        t.cancel("again");
        co_await t;
        CHECK(cleanup == "cancelled:again");
        CHECK(t.cancelling() == 2);
    });
}

TEST_CASE("13.19 the timer belongs to the entering task, whoever created the object") {
    run_virtual([]() -> coro<> {
        timeout_scope scope(loop::running().time() + 1s);
        auto t = create_task(outcome_of(scope.run([]() -> coro<> { co_await sleep(1h); })));
        co_await sleep(2s);
        CHECK(t.done());
        CHECK(t.result() == "timeout");
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("13.20 cancelling() after the block equals its value on entry unless someone else cancelled meanwhile") {
    run_virtual([]() -> coro<> {
        std::vector<unsigned> counts;
        auto t = create_task([&]() -> coro<> {
            current_task().cancel();
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            auto body = []() -> coro<> { co_await sleep(1h); };
            co_await outcome_of(timeout(1s, body));
            counts.push_back(current_task().cancelling());
            co_await outcome_of(timeout(1h, body));
            counts.push_back(current_task().cancelling());
        });
        co_await sleep(5s);
        t.cancel();
        co_await t;
        CHECK(counts == std::vector<unsigned>{1, 2});
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

TEST_CASE("13.09 a timeout outside a task is refused") {
    loop l;
    bool refused = false;
    l.call_soon([&] {
        timeout_scope scope;
        auto body = []() -> coro<> { co_return; };
        auto started = scope.run(body);
        started.handle().resume();
        try {
            started.handle().promise().result.take();
        } catch (const std::runtime_error&) {
            refused = true;
        }
        l.stop();
    });
    l.run_forever();
    CHECK(refused);
}
