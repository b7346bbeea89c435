#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/future.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

coro<> sleep_long() {
    co_await sleep(1h);
}

template <class Awaitable>
coro<std::string> cancellation_of(Awaitable awaited) {
    try {
        co_await awaited;
    } catch (const cancelled_error& e) {
        co_return "cancelled:" + e.message();
    }
    co_return "not cancelled";
}

}  // namespace

TEST_CASE("a task whose body raises cancelled_error unasked ends cancelled, with its message") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<> {
            throw cancelled_error("mine");
            co_return;
        };
        auto t = create_task(body());
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:mine");
        CHECK(t.cancelled());
        CHECK(t.cancelling() == 0);
    });
}

TEST_CASE("an exception raised while a task unwinds becomes its exception") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw std::domain_error("unwinding");
            }
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, std::domain_error);
        CHECK_FALSE(t.cancelled());
    });
}

TEST_CASE("keyboard_interrupt raised while a task unwinds leaves the loop, and the task is not cancelled") {
    task<> t;
    auto main = [&]() -> coro<> {
        t = create_task([]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw keyboard_interrupt();
            }
        });
        co_await sleep(0s);
        t.cancel();
        co_await t;
    };
    CHECK_THROWS_AS(run_virtual(main), keyboard_interrupt);
    CHECK(t.done());
    CHECK_FALSE(t.cancelled());
}

TEST_CASE("a cancelled task is never reported, though nobody asks for its outcome") {
    run_virtual([]() -> coro<> {
        int reported = 0;
        loop::running().set_exception_handler([&](loop&, const auto&) { ++reported; });
        create_task(sleep_long()).cancel();
        auto t = create_task(sleep_long());
        co_await sleep(0s);
        t.cancel();
        t = {};
        co_await sleep(0s);
        co_await sleep(0s);
        CHECK(all_tasks().size() == 1);
        CHECK(reported == 0);
        loop::running().set_exception_handler(nullptr);
    });
}

TEST_CASE("a cancelled task can be cancelled again, any number of times") {
    run_virtual([]() -> coro<> {
        int interrupted = 0;
        auto body = [&]() -> coro<> {
            while (interrupted < 3) {
                try {
                    co_await sleep(1h);
                } catch (const cancelled_error&) {
                    ++interrupted;
                }
            }
        };
        auto t = create_task(body());
        for (int i = 0; i < 3; ++i) {
            co_await sleep(0s);
            CHECK(t.cancel());
        }
        co_await t;
        CHECK(interrupted == 3);
        CHECK(t.cancelling() == 3);
    });
}

TEST_CASE("the first message is delivered when a waiting task is cancelled twice") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto on_future = create_task(cancellation_of(f));
        auto sleeper = create_task([]() -> coro<> { co_await sleep(1h); });
        auto on_task = create_task(cancellation_of(sleeper));
        co_await sleep(0s);
        for (const auto& t : {on_future, on_task}) {
            t.cancel("first");
            t.cancel("second");
        }
        auto of_future = co_await on_future;
        auto of_task = co_await on_task;
        CHECK(of_future == "cancelled:first");
        CHECK(of_task == "cancelled:first");
        CHECK(on_future.cancelling() == 2);
    });
}

TEST_CASE("two cancellations of a waiting task interrupt it once") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        int interrupted = 0;
        auto body = [&]() -> coro<> {
            for (int i = 0; i < 2; ++i) {
                try {
                    if (i == 0) co_await f;
                    co_await sleep(1s);
                } catch (const cancelled_error&) {
                    ++interrupted;
                }
            }
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        t.cancel();
        co_await t;
        CHECK(interrupted == 1);
    });
}

TEST_CASE("a cancellation during clean-up interrupts the clean-up's await") {
    run_virtual([]() -> coro<> {
        bool cleaned_up = false;
        auto body = [&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_await sleep(1h);
            cleaned_up = true;
        };
        auto t = create_task(body());
        co_await sleep(0s);
        t.cancel();
        co_await sleep(0s);
        t.cancel();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:");
        CHECK_FALSE(cleaned_up);
    });
}

TEST_CASE("a cancellation of a task that is woken already is raised instead of the result, whatever it waited for") {
    run_virtual([]() -> coro<> {
        auto slept = create_task([]() -> coro<> { co_await sleep(1s); });
        auto yielded = create_task([]() -> coro<> { co_await sleep(0s); });
        auto inner = create_task([]() -> coro<> { co_await sleep(0s); });
        auto on_task = create_task([](task<> awaited) -> coro<> { co_await awaited; }, inner);
        loop::running().call_later(1s, [slept] { slept.cancel(); });
        loop::running().call_soon([=] { yielded.cancel(); });
        inner.add_done_callback([on_task](auto) { on_task.cancel(); });
        for (const auto& t : {slept, yielded, on_task}) {
            auto outcome = co_await cancellation_of(t);
            CHECK(outcome == "cancelled:");
        }
        CHECK_FALSE(inner.cancelled());
    });
}

TEST_CASE("uncancel never goes below zero, and does not take back what is delivered") {
    run_virtual([]() -> coro<> {
        auto t = create_task(cancellation_of(create_task(sleep_long())));
        CHECK(t.uncancel() == 0);
        co_await sleep(0s);
        t.cancel("a");
        t.cancel("b");
        CHECK(t.cancelling() == 2);
        CHECK(t.uncancel() == 1);
        CHECK(t.uncancel() == 0);
        auto outcome = co_await t;
        CHECK(outcome == "cancelled:a");
    });
}

TEST_CASE("6.18 uncancel on a task that has ended cancelled leaves it so") {
    run_virtual([]() -> coro<> {
        auto t = create_task(sleep_long());
        co_await sleep(0s);
        t.cancel();
        co_await sleep(0s);
        CHECK(t.cancelled());
        CHECK(t.uncancel() == 0);
        CHECK(t.cancelled());
    });
}

TEST_CASE("6.09 a task that is cancelled twice before its start raises the last message") {
    run_virtual([]() -> coro<> {
        auto t = create_task(sleep_long());
        t.cancel("a");
        t.cancel("b");
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:b");
    });
}

TEST_CASE("uncancel to zero before the start lets the task run") {
    run_virtual([]() -> coro<> {
        bool ran = false;
        auto t = create_task([&]() -> coro<> {
            ran = true;
            co_return;
        });
        t.cancel();
        t.uncancel();
        co_await t;
        CHECK(ran);
    });
}

TEST_CASE("a task that is cancelled before its start frees what it would have used") {
    run_virtual([]() -> coro<> {
        auto argument = std::make_shared<int>();
        auto t = create_task([](std::shared_ptr<int>) -> coro<> { co_return; }, argument);
        t.cancel();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:");
        CHECK(argument.use_count() == 1);
    });
}

TEST_CASE("cancelling one of many tasks that share a plain future cancels it for all") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        auto a = create_task(cancellation_of(f));
        auto b = create_task(cancellation_of(f));
        co_await sleep(0s);
        a.cancel("x");
        auto of_a = co_await a;
        auto of_b = co_await b;
        CHECK(of_a == "cancelled:x");
        CHECK(of_b == "cancelled:x");
        CHECK(a.cancelling() == 1);
        CHECK(b.cancelling() == 0);
    });
}

TEST_CASE("a destructor may cancel other tasks and complete futures") {
    run_virtual([]() -> coro<> {
        auto other = create_task(sleep_long());
        auto f = create_future<int>();
        struct cancels {
            task<> t;
            future<int> f;
            ~cancels() {
                t.cancel();
                if (!f.done()) f.set_result(1);
            }
        };
        auto body = [&]() -> coro<> {
            cancels on_exit{other, f};
            co_await sleep(1s);
        };
        auto t = create_task(body());
        co_await t;
        auto outcome = co_await cancellation_of(other);
        CHECK(outcome == "cancelled:");
        CHECK(f.done());
    });
}

TEST_CASE("a thousand tasks that await each other in a chain unwind in order") {
    run_virtual([]() -> coro<> {
        std::vector<task<>> chain{create_task(sleep_long())};
        for (int i = 0; i < 1000; ++i)
            chain.push_back(create_task([](task<> inner) -> coro<> { co_await inner; }, chain.back()));
        co_await sleep(0s);
        co_await sleep(0s);
        chain.back().cancel("top");
        auto outcome = co_await cancellation_of(chain.back());
        CHECK(outcome == "cancelled:top");
        for (auto& t : chain) CHECK(t.cancelled());
    });
}

TEST_CASE("6.14 a handler of ordinary errors does not swallow a cancellation") {
    static_assert(!std::is_base_of_v<std::exception, cancelled_error>);
    run_virtual([]() -> coro<> {
        bool swallowed = false;
        auto careless = [&]() -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const std::exception&) {
                swallowed = true;
            }
        };
        auto t = create_task(careless());
        co_await sleep(0s);
        t.cancel();
        auto outcome = co_await cancellation_of(t);
        CHECK(outcome == "cancelled:");
        CHECK_FALSE(swallowed);
    });
}

TEST_CASE("6.15 who awaits a task that somebody else has cancelled gets its message, and is not cancelled itself") {
    run_virtual([]() -> coro<> {
        auto inner = create_task(sleep_long());
        auto awaits = [&]() -> coro<std::string> {
            std::string message;
            try {
                co_await inner;
            } catch (const cancelled_error& e) {
                message = e.message();
            }
            CHECK(current_task().cancelling() == 0);
            co_await sleep(1s);
            co_return message;
        };
        auto outer = create_task(awaits());
        co_await sleep(0s);
        inner.cancel("inner only");
        auto message = co_await outer;
        CHECK(message == "inner only");
        CHECK_FALSE(outer.cancelled());
    });
}

TEST_CASE("tasks that await each other in a ring can be cancelled") {
    run_virtual([]() -> coro<> {
        task<> second;
        auto await_second = [&]() -> coro<> { co_await second; };
        auto first = create_task(await_second());
        second = create_task([](task<> other) -> coro<> { co_await other; }, first);
        co_await turns(2);
        CHECK(first.cancel("enough"));
        co_await gather(return_exceptions, first, second);
        CHECK(first.cancelled());
        CHECK(second.cancelled());
    });
}

TEST_CASE("a ring is also ended when it is cancelled twice, from inside, or goes through gather") {
    run_virtual([]() -> coro<> {
        auto awaits = [](task<>& other) -> coro<> { co_await other; };
        auto awaits_through_gather = [](task<>& other) -> coro<> { co_await gather(other); };
        auto awaits_cancelled = [](task<>& other) -> coro<> {
            current_task().cancel();
            co_await other;
        };
        for (int way = 0; way < 3; ++way) {
            task<> first;
            task<> second;
            first = way == 1 ? create_task(awaits_through_gather(second)) : create_task(awaits(second));
            second = way == 0   ? create_task(awaits(first))
                     : way == 1 ? create_task(awaits_through_gather(first))
                                : create_task(awaits_cancelled(first));
            co_await turns(2);
            first.cancel();
            first.cancel();
            co_await gather(return_exceptions, first, second);
            CHECK(first.cancelled());
            CHECK(second.cancelled());
        }
    });
}
