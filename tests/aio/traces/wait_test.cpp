// Golden traces of wait: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"
#include "tests/support/turns.hpp"

#include <girin/sleep.hpp>
#include <girin/wait.hpp>

#include <stdexcept>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;
using girin::test::turns;

namespace {

coro<> sleep_long() {
    co_await sleep(9s);
}

}  // namespace

TEST_CASE("t25 wait returns after the first end, the first failure, or all") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [](int k, bool fails) -> coro<int> {
            co_await turns(k);
            if (fails) throw std::domain_error("failed");
            co_return k;
        };
        std::vector tasks{create_task(c, 1, false), create_task(c, 3, true), create_task(c, 6, false)};
        auto first = co_await wait(tasks, {.return_when = first_completed});
        ev(first.done.size(), first.pending.size());
        auto failed = co_await wait(tasks, {.return_when = first_exception});
        ev(failed.done.size(), failed.pending.size());
        auto all = co_await wait(tasks);
        ev(all.done.size(), all.pending.size());
        CHECK(tasks[1].exception());
    };
    CHECK(run_traced(program) == "1 2 | 2 1 | 3 0");
}

TEST_CASE("t26 a wait that times out cancels nothing") {
    auto program = [](trace& ev) -> coro<> {
        auto t = create_task(sleep_long());
        auto result = co_await wait({t}, {.timeout = 0s});
        ev(result.done.size(), result.pending.size(), t.cancelling());
        t.cancel();
    };
    CHECK(run_traced(program) == "0 1 0");
}

TEST_CASE("t27 cancelling a wait does not cancel what it waits for") {
    auto program = [](trace& ev) -> coro<> {
        auto t = create_task(sleep_long());
        auto w = create_task(wait({t}));
        co_await turns(1);
        w.cancel();
        co_await turns(2);
        ev(w.cancelled(), t.cancelling());
        t.cancel();
    };
    CHECK(run_traced(program) == "true 0");
}
