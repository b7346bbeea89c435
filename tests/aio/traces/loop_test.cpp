// Golden traces of the loop and of what ends with it: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"

#include <girin/async_generator.hpp>
#include <girin/context_var.hpp>
#include <girin/sleep.hpp>
#include <girin/to_thread.hpp>
#include <girin/try_finally.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

TEST_CASE("t59 to_thread runs its function in another thread, in a copy of the context") {
    static const context_var<int> v("v", 0);
    auto program = [](trace& ev) -> coro<> {
        auto main_thread = std::this_thread::get_id();
        v.set(5);
        auto f = [&] {
            int r = v.get();
            v.set(6);
            return std::pair(r, std::this_thread::get_id() == main_thread);
        };
        auto result = co_await to_thread(f);
        ev(result.first, result.second, v.get());
    };
    CHECK(run_traced(program) == "5 false 5");
}

TEST_CASE("t60 in one turn ready callbacks come before due timers, and timers come by deadline") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        auto f = create_future<>();
        auto now = l.time();
        l.call_at(now + 20ms, [&] { ev("20ms"); });
        l.call_at(now + 10ms, [&] { ev("10ms"); });
        l.call_later(0s, [&] { ev("later0"); });
        l.call_soon([&] { ev("soon"); });
        l.call_at(now - 5s, [&] { ev("past"); });
        l.call_at(now + 30ms, [f] { f.set_result(); });
        co_await f;
    };
    CHECK(run_traced(program) == "soon | past | later0 | 10ms | 20ms");
}

TEST_CASE("t61 aclose raises at the yield and awaits the clean-up") {
    auto program = [](trace& ev) -> coro<> {
        auto g = [&]() -> async_generator<int> {
            std::exception_ptr raised;
            try {
                co_yield 1;
                co_yield 2;
            } catch (...) {
                raised = std::current_exception();
            }
            ev("closing");
            co_await sleep(0s);
            ev("closed");
            if (raised) std::rethrow_exception(raised);
        };
        auto a = g();
        auto first = co_await a.next();
        ev(*first);
        co_await a.aclose();
        ev("next");
        auto end = co_await a.next();
        if (!end) ev("exhausted");
    };
    CHECK(run_traced(program) == "1 | closing | closed | next | exhausted");
}

TEST_CASE("t62 an exception from a callback goes to the handler and the next callback runs") {
    auto program = [](trace& ev) -> coro<> {
        auto& l = loop::running();
        l.set_exception_handler([&](loop&, const exception_context& context) {
            try {
                std::rethrow_exception(context.exception);
            } catch (const std::invalid_argument& e) {
                ev("handler", std::string("ValueError:") + e.what());
            }
        });
        l.call_soon([] { throw std::invalid_argument("cb"); });
        l.call_soon([&] { ev("next still runs"); });
        co_await sleep(0s);
        l.set_exception_handler(nullptr);
    };
    CHECK(run_traced(program) == "handler ValueError:cb | next still runs");
}

TEST_CASE("t66 run cancels what is left, closes the generators, and then returns") {
    trace ev;
    auto left = [&]() -> coro<> {
        try {
            co_await sleep(9s);
        } catch (const cancelled_error&) {
            ev("leftover cancelled");
            throw;
        }
    };
    auto gen = [&]() -> async_generator<int> {
        try {
            co_yield 1;
        } catch (const generator_exit&) {
            ev("asyncgen closed");
            throw;
        }
    };
    std::optional<async_generator<int>> keep;
    auto m = [&]() -> coro<int> {
        keep.emplace(gen());
        co_await keep->next();
        create_task(left());
        co_await sleep(0s);
        ev("main returns");
        co_return 3;
    };
    ev(run(m(), {.virtual_time = true}));
    CHECK(ev.events() == "main returns | leftover cancelled | asyncgen closed | 3");
}

TEST_CASE("t67 stop lets the turn end, and what it scheduled runs with the next run") {
    trace ev;
    loop l;
    l.call_soon([&] { ev("a"); });
    l.call_soon([&] { l.stop(); });
    l.call_soon([&] { ev("b same turn"); });
    l.call_soon([&] { l.call_soon([&] { ev("next turn"); }); });
    l.run_forever();
    ev("stopped");
    l.stop();
    l.run_forever();
    ev("stopped2");
    CHECK(ev.events() == "a | b same turn | stopped | next turn | stopped2");
}

TEST_CASE("t70 clean-up that awaits runs when the body is cancelled") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<> {
            ev("enter");
            co_await try_finally(
                [&]() -> coro<> {
                    try {
                        co_await sleep(9s);
                    } catch (const cancelled_error&) {
                        ev("exit CancelledError");
                        throw;
                    }
                },
                [&]() -> coro<> {
                    co_await sleep(0s);
                    ev("exit-done");
                });
        };
        auto t = create_task(c());
        co_await sleep(0s);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("cancelled");
        }
    };
    CHECK(run_traced(program) == "enter | exit CancelledError | exit-done | cancelled");
}

TEST_CASE("t79 a cancelled await of an abandoned function returns at once and the thread goes on") {
    std::mutex mutex;
    std::condition_variable changed;
    bool started = false, go = false, done = false;
    auto set = [&](bool& flag) {
        std::lock_guard lock(mutex);
        flag = true;
        changed.notify_all();
    };
    auto wait_until = [&](bool& flag) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return flag; });
    };
    auto program = [&](trace& ev) -> coro<> {
        auto blocking = [&] {
            set(started);
            wait_until(go);
            set(done);
        };
        auto t = create_task(to_thread(abandon, blocking));
        co_await sleep(0s);
        wait_until(started);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("cancelled at once", done);
        }
        set(go);
        wait_until(done);
        ev("thread went on", done);
    };
    CHECK(run_traced(program) == "cancelled at once false | thread went on true");
}
