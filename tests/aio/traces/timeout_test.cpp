// Golden traces of timeout and wait_for: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"

#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

namespace {

std::string kind_of(const std::exception_ptr& raised) {
    if (!raised) return "None";
    try {
        std::rethrow_exception(raised);
    } catch (const cancelled_error&) {
        return "CancelledError";
    } catch (const timeout_error&) {
        return "TimeoutError";
    } catch (...) {
        return "another";
    }
}

}  // namespace

TEST_CASE("t28 wait_for with no time never starts a coroutine, and takes the result of a done future") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<> {
            ev("started");
            co_return;
        };
        try {
            co_await wait_for(c(), 0s);
        } catch (const timeout_error&) {
            ev("TimeoutError");
        }
        auto f = create_future<int>();
        f.set_result(3);
        ev(co_await wait_for(f, 0s));
    };
    CHECK(run_traced(program) == "TimeoutError | 3");
}

TEST_CASE("t29 wait_for raises only after what it cancelled has ended") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<> {
            std::exception_ptr raised;
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                raised = std::current_exception();
            }
            co_await sleep(10ms);
            ev("cleanup");
            std::rethrow_exception(raised);
        };
        try {
            co_await wait_for(c(), 10ms);
        } catch (const timeout_error& e) {
            ev("TimeoutError", kind_of(e.cause()));
        }
    };
    CHECK(run_traced(program) == "cleanup | TimeoutError CancelledError");
}

TEST_CASE("t30 wait_for returns the value of a coroutine that swallows the cancellation") {
    auto program = [](trace& ev) -> coro<> {
        auto c = []() -> coro<int> {
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                co_return 42;
            }
            co_return 0;
        };
        ev(co_await wait_for(c(), 10ms));
    };
    CHECK(run_traced(program) == "42");
}

TEST_CASE("t31 wait_for runs a coroutine in the calling task") {
    auto program = [](trace& ev) -> coro<> {
        auto c = []() -> coro<any_task> { co_return current_task(); };
        ev(co_await wait_for(c(), 5s) == current_task());
    };
    CHECK(run_traced(program) == "true");
}

TEST_CASE("t39 a body that overruns its timeout is cancelled, and timeout_error has that as its cause") {
    auto program = [](trace& ev) -> coro<> {
        timeout_scope scope(loop::running().time() + 10ms);
        try {
            co_await scope.run([]() -> coro<> { co_await sleep(9s); });
        } catch (const timeout_error& e) {
            ev("TimeoutError", kind_of(e.cause()), scope.expired(), current_task().cancelling());
        }
    };
    CHECK(run_traced(program) == "TimeoutError CancelledError true 0");
}

TEST_CASE("t40 a timeout of zero needs a suspension") {
    auto program = [](trace& ev) -> coro<> {
        timeout_scope still(loop::running().time());
        co_await still.run([&]() -> coro<> {
            ev("no await");
            co_return;
        });
        ev(still.expired());
        timeout_scope scope(loop::running().time());
        try {
            co_await scope.run([]() -> coro<> { co_await sleep(0s); });
        } catch (const timeout_error&) {
            ev("TimeoutError", scope.expired());
        }
    };
    CHECK(run_traced(program) == "no await | false | TimeoutError true");
}

TEST_CASE("t41 when the outer timeout expires the inner block sees a plain cancellation") {
    auto program = [](trace& ev) -> coro<> {
        timeout_scope outer(loop::running().time() + 10ms);
        timeout_scope inner(loop::running().time() + 9s);
        try {
            co_await outer.run([&]() -> coro<> {
                try {
                    co_await inner.run([]() -> coro<> { co_await sleep(9s); });
                } catch (...) {
                    ev("inner", kind_of(std::current_exception()));
                    throw;
                }
            });
        } catch (const timeout_error&) {
            ev("outer", outer.expired(), inner.expired());
        }
    };
    CHECK(run_traced(program) == "inner CancelledError | outer true false");
}

TEST_CASE("t42 a body that swallows the cancellation of its timeout ends normally") {
    auto program = [](trace& ev) -> coro<> {
        timeout_scope scope(loop::running().time() + 10ms);
        co_await scope.run([&]() -> coro<> {
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                ev("swallowed", current_task().cancelling());
            }
        });
        ev(scope.expired(), current_task().cancelling());
    };
    CHECK(run_traced(program) == "swallowed 1 | true 0");
}

TEST_CASE("t43 a cancellation from outside passes through a timeout") {
    auto program = [](trace& ev) -> coro<> {
        auto m = [&]() -> coro<> {
            timeout_scope scope(loop::running().time() + 9s);
            try {
                co_await scope.run([]() -> coro<> { co_await sleep(9s); });
            } catch (...) {
                ev("expired", scope.expired());
                throw;
            }
        };
        auto t = create_task(m());
        co_await sleep(0s);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("CancelledError");
        }
    };
    CHECK(run_traced(program) == "expired false | CancelledError");
}

TEST_CASE("t44 a cancellation from outside beats an expiry in the same turn") {
    auto program = [](trace& ev) -> coro<> {
        auto m = []() -> coro<> { co_await timeout(10ms, []() -> coro<> { co_await sleep(9s); }); };
        auto t = create_task(m());
        co_await sleep(0s);
        loop::running().advance(20ms);
        loop::running().call_soon([t] { t.cancel(); });
        try {
            co_await t;
        } catch (...) {
            ev(kind_of(std::current_exception()), t.cancelling());
        }
    };
    CHECK(run_traced(program) == "CancelledError 1");
}

TEST_CASE("t45 a running timeout can be rescheduled, one that has ended cannot") {
    auto program = [](trace& ev) -> coro<> {
        timeout_scope scope(loop::running().time() + 10ms);
        co_await scope.run([](timeout_scope& running) -> coro<> {
            running.reschedule(std::nullopt);
            co_await sleep(20ms);
        });
        ev(scope.expired(), scope.when() ? "when" : "None");
        try {
            scope.reschedule(loop::running().time());
        } catch (const std::runtime_error&) {
            ev("RuntimeError");
        }
    };
    CHECK(run_traced(program) == "false None | RuntimeError");
}

TEST_CASE("t71 a future that completed a turn before the deadline's wins") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<std::string>();
        auto w = [&]() -> coro<std::string> {
            try {
                co_return co_await wait_for(f, 10ms);
            } catch (const timeout_error&) {
                co_return "TimeoutError";
            }
        };
        auto t = create_task(w());
        co_await sleep(0s);
        loop::running().call_soon([&] {
            loop::running().advance(20ms);
            f.set_result("val");
        });
        ev(co_await t);
    };
    CHECK(run_traced(program) == "val");
}

TEST_CASE("t72 a deadline beats a completion in the same turn, and the future keeps its result") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<std::string>();
        loop::running().call_later(10ms, [&] { f.set_result("val"); });
        auto w = [&]() -> coro<std::string> {
            try {
                co_return co_await wait_for(f, 11ms);
            } catch (const timeout_error&) {
                co_return "TimeoutError";
            }
        };
        auto t = create_task(w());
        co_await sleep(0s);
        loop::running().advance(30ms);
        auto outcome = co_await t;
        ev(outcome, f.result());
    };
    CHECK(run_traced(program) == "TimeoutError val");
}

TEST_CASE("t76 of two timeouts with the same deadline only the outer one raises") {
    auto program = [](trace& ev) -> coro<> {
        auto deadline = loop::running().time() + 10ms;
        timeout_scope outer(deadline), inner(deadline);
        try {
            co_await outer.run([&]() -> coro<> { co_await inner.run([]() -> coro<> { co_await sleep(9s); }); });
        } catch (const timeout_error&) {
            ev(outer.expired(), inner.expired(), current_task().cancelling());
        }
    };
    CHECK(run_traced(program) == "true true 0");
}
