#include "tests/support/loop_thread.hpp"
#include "tests/support/turns.hpp"

#include <girin/runner.hpp>
#include <girin/wrap_future.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::loop_thread;
using girin::test::turns;

TEST_CASE("2.11 completion arrives in the loop's thread, with a copy of the value") {
    auto program = []() -> coro<> {
        concurrent_future<std::string> from;
        concurrent_future<> failing;
        auto wrapped = wrap_future(from);
        auto failed = wrap_future(failing);
        std::thread::id where;
        wrapped.add_done_callback([&](const auto&) { where = std::this_thread::get_id(); });
        std::jthread other([=] {
            from.set_result("value");
            failing.set_exception(std::domain_error("x"));
        });
        std::string value = co_await wrapped;
        CHECK(value == "value");
        CHECK(from.result() == "value");
        CHECK(where == std::this_thread::get_id());
        bool raised = false;
        try {
            co_await failed;
        } catch (const std::domain_error&) {
            raised = true;
        }
        CHECK(raised);
    };
    run(program());
}

TEST_CASE("2.11 cancelling the wrapper cancels the thread's future, and the other way round") {
    auto program = []() -> coro<> {
        concurrent_future<int> a, b, running;
        auto wrapped = wrap_future(a);
        wrapped.cancel();
        co_await turns(1);
        CHECK(a.cancelled());

        auto waiting = create_task([&]() -> coro<int> { co_return co_await wrap_future(b); });
        co_await turns(1);
        waiting.cancel();
        co_await turns(2);
        CHECK(b.cancelled());
        CHECK(waiting.cancelled());

        running.set_running_or_notify_cancel();
        auto late = wrap_future(running);
        late.cancel();
        co_await turns(1);
        CHECK_FALSE(running.cancelled());
        running.set_result(1);
        co_await turns(1);
        CHECK(late.cancelled());

        concurrent_future<int> c;
        auto follows = wrap_future(c);
        std::thread([&] { c.cancel(); }).join();
        co_await turns(2);
        CHECK(follows.cancelled());
    };
    run(program());
}

TEST_CASE("2.11 what is done already arrives in the next turn, and a future of the loop is returned unchanged") {
    auto program = []() -> coro<> {
        concurrent_future<int> from;
        from.set_result(1);
        auto wrapped = wrap_future(from);
        CHECK_FALSE(wrapped.done());
        int value = co_await wrapped;
        CHECK(value == 1);
        auto own = create_future<int>();
        CHECK(wrap_future(own) == own);
    };
    run(program());
}

TEST_CASE("2.12 a loop that is closed first drops the completion silently") {
    concurrent_future<int> from;
    future<int> kept;
    {
        loop l;
        auto main = [&]() -> coro<> {
            kept = wrap_future(from);
            wrap_future(from);  // which nobody holds
            co_return;
        };
        l.run_until_complete(main());
    }
    std::thread([&] { from.set_result(1); }).join();
    CHECK_FALSE(kept.done());
}

TEST_CASE("a loop awaits what another loop does") {
    loop_thread other;
    auto work = [](int n) -> coro<int> {
        co_await turns(n);
        co_return n;
    };
    auto program = [&]() -> coro<int> {
        int sum = 0;
        for (int i = 0; i < 100; ++i)
            sum += co_await wrap_future(run_coroutine_threadsafe(work(i % 3), other.get_loop()));
        co_return sum;
    };
    CHECK(run(program()) == 99);
}
