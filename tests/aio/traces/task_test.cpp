// Golden traces of tasks, futures and cancellation: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"

#include <girin/context_var.hpp>
#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

TEST_CASE("t01 create_task runs nothing before it returns") {
    auto program = [](trace& ev) -> coro<> {
        auto body = [&]() -> coro<> {
            ev("body");
            co_return;
        };
        auto t = create_task(body());
        ev("created");
        co_await sleep(0s);
        ev("after-sleep0", t.done());
    };
    CHECK(run_traced(program) == "created | body | after-sleep0 true");
}

TEST_CASE("t02 awaiting a coroutine runs it at once in the same task") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<int> {
            ev("body");
            co_return 7;
        };
        auto k = c();
        ev("made");
        ev(co_await std::move(k));
    };
    CHECK(run_traced(program) == "made | body | 7");
}

TEST_CASE("t03 tasks that sleep(0) run round-robin") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&](char n) -> coro<> {
            for (int i = 0; i < 3; ++i) {
                ev(std::string(1, n) + std::to_string(i));
                co_await sleep(0s);
            }
        };
        std::vector<task<>> tasks;
        for (char n : {'a', 'b', 'c'}) tasks.push_back(create_task(c(n)));
        for (auto& t : tasks) co_await t;
    };
    CHECK(run_traced(program) == "a0 | b0 | c0 | a1 | b1 | c1 | a2 | b2 | c2");
}

TEST_CASE("t04 tasks and call_soon share one queue") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        auto c = [&]() -> coro<> {
            ev("task");
            co_return;
        };
        l.call_soon([&] { ev("s1"); });
        auto t = create_task(c());
        l.call_soon([&] { ev("s2"); });
        co_await sleep(0s);
        ev("main");
    };
    CHECK(run_traced(program) == "s1 | task | s2 | main");
}

TEST_CASE("t05 a callback's callback runs in the next turn") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        l.call_soon([&] {
            ev("a");
            l.call_soon([&] { ev("a-child"); });
        });
        l.call_soon([&] { ev("b"); });
        co_await sleep(0s);
        ev("main1");
        co_await sleep(0s);
        ev("main2");
    };
    CHECK(run_traced(program) == "a | b | main1 | a-child | main2");
}

TEST_CASE("t06 done callbacks are deferred, also on a done future") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<int>();
        f.add_done_callback([&](auto) { ev("cb1"); });
        f.add_done_callback([&](auto) { ev("cb2"); });
        f.set_result(1);
        ev("set");
        f.add_done_callback([&](auto) { ev("cb3-late"); });
        co_await sleep(0s);
        ev("end");
    };
    CHECK(run_traced(program) == "set | cb1 | cb2 | cb3-late | end");
}

TEST_CASE("t07 awaiting a done future does not suspend") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<int>();
        f.set_result(5);
        loop::running().call_soon([&] { ev("soon"); });
        ev(co_await f);
        co_await sleep(0s);
    };
    CHECK(run_traced(program) == "5 | soon");
}

TEST_CASE("t08 awaiting a done task does not suspend") {
    auto program = [](trace& ev) -> coro<> {
        auto c = []() -> coro<int> { co_return 1; };
        auto t = create_task(c());
        co_await sleep(0s);
        loop::running().call_soon([&] { ev("soon"); });
        ev(co_await t);
        co_await sleep(0s);
    };
    CHECK(run_traced(program) == "1 | soon");
}

TEST_CASE("t09 a waiting task resumes in the turn after set_result") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        auto f = create_future<int>();
        auto w = [&]() -> coro<> {
            co_await f;
            ev("resumed");
        };
        auto t = create_task(w());
        co_await sleep(0s);
        f.set_result(0);
        l.call_soon([&] { ev("turn1"); });
        l.call_soon([&] { l.call_soon([&] { ev("turn2"); }); });
        co_await sleep(0s);
        co_await sleep(0s);
        co_await t;
    };
    CHECK(run_traced(program) == "resumed | turn1 | turn2");
}

TEST_CASE("t10 one turn lies between a task's end and its awaiter's next step") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        auto c = [&]() -> coro<> {
            ev("c-end");
            co_return;
        };
        auto t = create_task(c());
        l.call_soon([&] {
            ev("turn1");
            l.call_soon([&] {
                ev("turn2");
                l.call_soon([&] { ev("turn3"); });
            });
        });
        co_await t;
        ev("awaiter");
        co_await sleep(0s);
        co_await sleep(0s);
    };
    CHECK(run_traced(program) == "c-end | turn1 | awaiter | turn2 | turn3");
}

TEST_CASE("t11 a task cancelled before its start never runs") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<> {
            ev("never");
            co_return;
        };
        auto t = create_task(c());
        ev(t.cancel("m"));
        ev(t.cancelled(), t.cancelling());
        try {
            co_await t;
        } catch (const cancelled_error& e) {
            ev("CancelledError:" + e.message(), t.cancelled());
        }
    };
    CHECK(run_traced(program) == "true | false 1 | CancelledError:m true");
}

TEST_CASE("t12 cancelling a task cancels the future it waits for") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<int>();
        auto c = [&]() -> coro<> {
            try {
                co_await f;
            } catch (const cancelled_error& e) {
                ev("in", "CancelledError:" + e.message(), f.cancelled());
                throw;
            }
        };
        auto t = create_task(c());
        co_await sleep(0s);
        const bool delivered = t.cancel("bye");
        ev(delivered, f.cancelled(), t.done());
        co_await sleep(0s);
        ev(t.done());
    };
    CHECK(run_traced(program) == "true true false | in CancelledError:bye true | true");
}

TEST_CASE("t13 a task may swallow its cancellation and go on") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<std::string> {
            bool swallowed = false;
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                swallowed = true;
            }
            if (swallowed) ev("swallowed");
            co_await sleep(0s);
            co_return "ok";
        };
        auto t = create_task(c());
        co_await sleep(0s);
        t.cancel();
        auto result = co_await t;
        ev(result, t.cancelled(), t.cancelling());
    };
    CHECK(run_traced(program) == "swallowed | ok false 1");
}

TEST_CASE("t14 two cancellations before delivery raise once, with the first message") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<> {
            for (int i = 0; i < 3; ++i) {
                bool hit = false;
                try {
                    co_await sleep(9s);
                } catch (const cancelled_error& e) {
                    ev("hit", "CancelledError:" + e.message());
                    hit = true;
                }
                if (hit) break;
            }
            co_await sleep(0s);
            ev("end");
        };
        auto t = create_task(c());
        co_await sleep(0s);
        bool first = t.cancel("1");
        bool second = t.cancel("2");
        ev(first, second, t.cancelling());
        try {
            co_await t;
        } catch (const cancelled_error& e) {
            ev("out", e.message());
        }
    };
    CHECK(run_traced(program) == "true true 2 | hit CancelledError:1 | end");
}

TEST_CASE("t15 a task that cancels itself and returns ends cancelled") {
    auto program = [](trace& ev) -> coro<> {
        auto c = []() -> coro<int> {
            current_task().cancel("x");
            co_return 1;
        };
        auto t = create_task(c());
        try {
            co_await t;
        } catch (const cancelled_error& e) {
            ev("CancelledError:" + e.message(), t.cancelled());
        }
    };
    CHECK(run_traced(program) == "CancelledError:x true");
}

TEST_CASE("t16 cancelling a done task changes nothing") {
    auto program = [](trace& ev) -> coro<> {
        auto c = []() -> coro<int> { co_return 1; };
        auto t = create_task(c());
        co_await t;
        ev(t.cancel(), t.cancelling(), t.cancelled());
    };
    CHECK(run_traced(program) == "false 0 false");
}

TEST_CASE("t17 a cancellation beats a result that has not been delivered, and the future keeps it") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<std::string>();
        auto c = [&]() -> coro<> {
            try {
                ev("got", co_await f);
            } catch (const cancelled_error&) {
                ev("cancelled");
                throw;
            }
        };
        auto t = create_task(c());
        co_await sleep(0s);
        f.set_result("v");
        ev(t.cancel());
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("out", f.result());
        }
    };
    CHECK(run_traced(program) == "true | cancelled | out v");
}

TEST_CASE("t18 uncancel to zero withdraws an undelivered cancellation") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<int>();
        auto c = [&]() -> coro<int> { co_return co_await f; };
        auto t = create_task(c());
        co_await sleep(0s);
        f.set_result(42);
        t.cancel();
        unsigned left = t.uncancel();
        ev(left, t.cancelling());
        try {
            ev(co_await t);
        } catch (const cancelled_error&) {
            ev("cancelled");
        }
    };
    CHECK(run_traced(program) == "0 0 | 42");
}

namespace {

struct at_exit {
    trace& ev;
    int n;
    ~at_exit() { ev("exit", n); }
};

coro<> nest(trace& ev, int n) {
    at_exit noted{ev, n};
    if (n > 0)
        co_await create_task(nest(ev, n - 1));
    else
        co_await sleep(9s);
}

}  // namespace

TEST_CASE("t19 a cancellation unwinds nested tasks innermost first") {
    auto program = [](trace& ev) -> coro<> {
        auto t = create_task(nest(ev, 2));
        for (int i = 0; i < 5; ++i) co_await sleep(0s);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("done");
        }
    };
    CHECK(run_traced(program) == "exit 0 | exit 1 | exit 2 | done");
}

TEST_CASE("t58 a task has a copy of its creator's context, and a plain await shares it") {
    static const context_var<int> v("v", 0);
    auto events = run_traced([](trace& ev) -> coro<> {
        v.set(1);
        auto c = [&]() -> coro<> {
            ev(v.get());
            v.set(9);
            co_return;
        };
        auto t = create_task(c());
        v.set(2);
        co_await t;
        ev(v.get());
        co_await c();
        ev(v.get());
    });
    CHECK(events == "1 | 2 | 2 | 9");
}

TEST_CASE("t63 an exception that nobody retrieves is reported once, when the task is gone") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        l.set_exception_handler([&](loop&, const exception_context& context) { ev(context.message); });
        auto bad = []() -> coro<> {
            throw std::runtime_error("bad");
            co_return;
        };
        create_task(bad());
        co_await sleep(0s);
        co_await sleep(0s);
        ev("end");
        l.set_exception_handler(nullptr);
    };
    CHECK(run_traced(program) == "Task exception was never retrieved | end");
}

TEST_CASE("t64 an eager task runs inside create_task up to its first suspension") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<int> {
            ev("body");
            co_return 1;
        };
        auto t = create_task(c(), {.eager_start = true});
        ev("created", t.done());
        auto d = [&]() -> coro<> {
            ev("part1");
            co_await sleep(0s);
            ev("part2");
        };
        auto u = create_task(d(), {.eager_start = true});
        ev("created", u.done());
        co_await u;
    };
    CHECK(run_traced(program) == "body | created true | part1 | created false | part2");
}

TEST_CASE("t65 awaiters and callbacks run in order of registration") {
    auto program = [](trace& ev) -> coro<> {
        auto c = []() -> coro<int> { co_return 1; };
        auto t = create_task(c());
        t.add_done_callback([&](auto) { ev("cb-before"); });
        auto w = [&]() -> coro<> {
            co_await t;
            ev("awaiter");
        };
        auto k = create_task(w());
        co_await sleep(0s);
        t.add_done_callback([&](auto) { ev("cb-after"); });
        co_await k;
        co_await sleep(0s);
    };
    CHECK(run_traced(program) == "awaiter | cb-before | cb-after");
}

TEST_CASE("t68 an awaiting task is one of the callbacks") {
    auto program = [](trace& ev) -> coro<> {
        auto f = create_future<int>();
        f.add_done_callback([&](auto) { ev("cb1"); });
        auto w = [&]() -> coro<> {
            co_await f;
            ev("awaiter");
        };
        auto k = create_task(w());
        co_await sleep(0s);
        f.add_done_callback([&](auto) { ev("cb2"); });
        f.set_result(0);
        co_await k;
        co_await sleep(0s);
    };
    CHECK(run_traced(program) == "cb1 | awaiter | cb2");
}

TEST_CASE("t78 an inner task that swallows the cancellation hides it from the outer") {
    auto program = [](trace& ev) -> coro<> {
        auto inner = []() -> coro<std::string> {
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                co_return "swallowed";
            }
            co_return "slept";
        };
        auto i = create_task(inner());
        auto outer = [&]() -> coro<std::string> { co_return co_await i; };
        auto o = create_task(outer());
        co_await sleep(0s);
        co_await sleep(0s);
        o.cancel();
        auto result = co_await o;
        ev(result, o.cancelling());
    };
    CHECK(run_traced(program) == "swallowed 1");
}
