// The same events in the same order as with CPython 3.13's contextlib.AsyncExitStack.
#include "tests/support/trace.hpp"

#include <girin/async_exit_stack.hpp>
#include <girin/sleep.hpp>

#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

namespace {

std::string name_of(const std::exception_ptr& raised) {
    if (!raised) return "None";
    try {
        std::rethrow_exception(raised);
    } catch (const cancelled_error&) {
        return "cancelled";
    } catch (const std::exception& e) {
        return e.what();
    }
}

struct noisy_context {
    trace& ev;
    std::string name;
    bool suppresses = false;
    bool fails = false;

    coro<std::string> aenter() {
        ev("enter", name);
        co_await sleep(0s);
        if (fails) throw std::out_of_range("enter");
        co_return name;
    }
    coro<bool> aexit(std::exception_ptr raised) {
        ev("exit", name, name_of(raised));
        co_await sleep(0s);
        ev("left", name);
        co_return suppresses;
    }
};

auto call(trace& ev, std::string name, std::string failure = {}) {
    return [&ev, name = std::move(name), failure = std::move(failure)]() -> coro<> {
        ev("call", name);
        co_await sleep(0s);
        if (!failure.empty()) throw std::domain_error(failure);
        ev("called", name);
    };
}

// Runs the body on a stack and notes what comes out of it.
template <class Body>
coro<> noted(trace& ev, Body body) {
    std::exception_ptr raised;
    try {
        co_await async_exit_stack::run(std::move(body));
    } catch (...) {
        raised = std::current_exception();
    }
    ev(raised ? name_of(raised) : "end");
}

}  // namespace

TEST_CASE("what was pushed is called in reverse order, and what it does is awaited") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            stack.push_async_callback(call(ev, "a"));
            stack.push_async_callback([&] { ev("plain"); });
            auto got = co_await stack.enter_async_context(noisy_context{ev, "m"});
            ev("got", got);
            ev("body");
        });
    };
    CHECK(run_traced(program) == "enter m | got m | body | exit m None | left m | plain | call a | called a | end");
}

TEST_CASE("the body's exception is shown to each, and raised in the end") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            stack.push_async_callback(call(ev, "a"));
            throw std::domain_error("body");
        });
    };
    CHECK(run_traced(program) == "enter m | call a | called a | exit m body | left m | body");
}

TEST_CASE("an exit that returns true suppresses the exception for those outside of it") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "outer"});
            co_await stack.enter_async_context(noisy_context{ev, "quiet", true});
            co_await stack.enter_async_context(noisy_context{ev, "inner"});
            throw std::domain_error("body");
        });
    };
    CHECK(run_traced(program) ==
          "enter outer | enter quiet | enter inner | exit inner body | left inner | exit quiet body | left quiet | "
          "exit outer None | left outer | end");
}

TEST_CASE("an exception of the clean-up replaces the body's, and the rest is called all the same") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            stack.push_async_callback(call(ev, "a", "clean-up"));
            stack.push_async_callback(call(ev, "b"));
            throw std::domain_error("body");
        });
    };
    CHECK(run_traced(program) == "enter m | call b | called b | call a | exit m clean-up | left m | clean-up");
}

TEST_CASE("an exception of the clean-up may be suppressed, too") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "quiet", true});
            stack.push_async_callback(call(ev, "a", "clean-up"));
        });
    };
    CHECK(run_traced(program) == "enter quiet | call a | exit quiet clean-up | left quiet | end");
}

TEST_CASE("everything is called when the body is cancelled") {
    auto program = [](trace& ev) -> coro<> {
        auto t = create_task(noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            stack.push_async_callback(call(ev, "a"));
            co_await sleep(9s);
        }));
        co_await sleep(10ms);
        t.cancel();
        co_await t;
    };
    CHECK(run_traced(program) == "enter m | call a | called a | exit m cancelled | left m | cancelled");
}

TEST_CASE("a cancellation during the clean-up interrupts what awaits, and the rest is called") {
    auto program = [](trace& ev) -> coro<> {
        auto t = create_task(noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            stack.push_async_callback([&]() -> coro<> {
                ev("slow");
                co_await sleep(9s);
                ev("never");
            });
        }));
        co_await sleep(10ms);
        t.cancel();
        co_await t;
    };
    CHECK(run_traced(program) == "enter m | slow | exit m cancelled | left m | cancelled");
}

TEST_CASE("pop_all moves the clean-up to a stack that lives on") {
    auto program = [](trace& ev) -> coro<> {
        async_exit_stack kept;
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            kept = stack.pop_all();
            stack.push_async_callback(call(ev, "a"));
        });
        co_await kept.aclose();
        ev("closed");
    };
    CHECK(run_traced(program) == "enter m | call a | called a | end | exit m None | left m | closed");
}

TEST_CASE("what is pushed during the clean-up is called next") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            stack.push_async_callback(call(ev, "first"));
            stack.push_async_callback([&]() -> coro<> {
                stack.push_async_callback(call(ev, "late"));
                ev("again");
                co_return;
            });
            co_return;
        });
    };
    CHECK(run_traced(program) == "again | call late | called late | call first | called first | end");
}

TEST_CASE("what has failed to be entered is not left") {
    auto program = [](trace& ev) -> coro<> {
        co_await noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            co_await stack.enter_async_context(noisy_context{ev, "bad", false, true});
            ev("never");
        });
    };
    CHECK(run_traced(program) == "enter m | enter bad | exit m enter | left m | enter");
}

TEST_CASE("a cancellation while it is being entered means that it is not left") {
    auto program = [](trace& ev) -> coro<> {
        auto t = create_task(noted(ev, [&](async_exit_stack& stack) -> coro<> {
            co_await stack.enter_async_context(noisy_context{ev, "m"});
            co_await stack.enter_async_context(noisy_context{ev, "late"});
        }));
        co_await sleep(0s);
        co_await sleep(0s);
        t.cancel();
        co_await t;
    };
    CHECK(run_traced(program) == "enter m | enter late | exit m cancelled | left m | cancelled");
}
