// Golden trace of shield: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"
#include "tests/support/turns.hpp"

#include <girin/shield.hpp>
#include <girin/sleep.hpp>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;
using girin::test::turns;

TEST_CASE("t46 what is shielded goes on when its waiter is cancelled") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [&]() -> coro<int> {
            co_await sleep(10ms);
            ev("inner finished");
            co_return 1;
        };
        auto i = create_task(c());
        auto m = [&]() -> coro<> { co_await shield(i); };
        auto t = create_task(m());
        co_await turns(1);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("outer cancelled", i.done());
        }
        ev(co_await i);
    };
    CHECK(run_traced(program) == "outer cancelled false | inner finished | 1");
}
