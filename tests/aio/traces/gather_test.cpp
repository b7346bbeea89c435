// Golden traces of gather: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"

#include <girin/gather.hpp>
#include <girin/sleep.hpp>

#include <stdexcept>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

namespace {

struct value_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace

TEST_CASE("t20 the first exception ends gather and the other children run on") {
    auto program = [](trace& ev) -> coro<> {
        auto ok = [&](int n, int turns) -> coro<int> {
            for (int i = 0; i < turns; ++i) co_await sleep(0s);
            ev("ok", n);
            co_return n;
        };
        auto bad = []() -> coro<int> {
            co_await sleep(0s);
            throw value_error("b");
        };
        try {
            co_await gather(ok(1, 0), bad(), ok(3, 5));
        } catch (const value_error& e) {
            ev(std::string("ValueError:") + e.what());
        }
        for (int i = 0; i < 6; ++i) co_await sleep(0s);
    };
    CHECK(run_traced(program) == "ok 1 | ValueError:b | ok 3");
}

TEST_CASE("t21 return_exceptions collects results, exceptions and cancellations") {
    auto program = [](trace& ev) -> coro<> {
        auto one = []() -> coro<int> {
            co_await sleep(0s);
            co_return 1;
        };
        auto bad = []() -> coro<int> {
            throw value_error("b");
            co_return 0;
        };
        auto cancels_itself = []() -> coro<int> {
            current_task().cancel();
            co_await sleep(0s);
            co_return 0;
        };
        auto [first, second, third] = co_await gather(return_exceptions, one(), bad(), cancels_itself());
        ev(first.value());
        CHECK_THROWS_AS(second.value(), value_error);
        CHECK_THROWS_AS(third.value(), cancelled_error);
    };
    CHECK(run_traced(program) == "1");
}

TEST_CASE("t22 cancelling the task that awaits gather cancels every child first") {
    auto program = [](trace& ev) -> coro<> {
        auto child = [&](int n) -> coro<> {
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                ev("child", n);
                throw;
            }
        };
        auto parent = [&]() -> coro<> { co_await gather(return_exceptions, child(1), child(2)); };
        auto t = create_task(parent());
        co_await sleep(0s);
        co_await sleep(0s);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("outer cancelled");
        }
    };
    CHECK(run_traced(program) == "child 1 | child 2 | outer cancelled");
}

TEST_CASE("t23 a child cancelled by somebody else fails gather, which is not itself cancelled") {
    auto program = [](trace& ev) -> coro<> {
        auto a = create_future<int>();
        auto b = create_future<int>();
        auto g = gather(a, b);
        a.cancel();
        try {
            co_await g;
        } catch (const cancelled_error&) {
            ev("CancelledError", g.cancelled(), b.done());
        }
    };
    CHECK(run_traced(program) == "CancelledError false false");
}

TEST_CASE("t24 the same awaitable given thrice runs once, and gather of nothing is done") {
    auto program = [](trace& ev) -> coro<> {
        int n = 0;
        auto c = [&]() -> coro<int> { co_return ++n; };
        auto k = create_task(c());
        auto results = co_await gather(std::vector{k, k, k});
        ev(results.at(0), results.at(1), results.at(2), n);
        ev(gather().done(), gather(std::vector<task<int>>()).result().size());
    };
    CHECK(run_traced(program) == "1 1 1 1 | true 0");
}

TEST_CASE("t75 a cancelled gather raises even if every child swallows the cancellation") {
    auto program = [](trace& ev) -> coro<> {
        auto swallow = [&]() -> coro<> {
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                ev("swallowed");
            }
        };
        auto check = [&](auto g) -> coro<> {
            co_await sleep(0s);
            ev(g.cancel());
            try {
                co_await g;
            } catch (const cancelled_error&) {
                ev("CancelledError", g.cancelled());
            }
        };
        co_await check(gather(swallow(), swallow()));
        co_await check(gather(return_exceptions, swallow(), swallow()));
    };
    CHECK(run_traced(program) ==
          "true | swallowed | swallowed | CancelledError false | true | swallowed | swallowed | CancelledError false");
}
