// Golden trace of as_completed: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"
#include "tests/support/turns.hpp"

#include <girin/as_completed.hpp>

#include <utility>
#include <vector>

using namespace girin;
using girin::test::run_traced;
using girin::test::trace;
using girin::test::turns;

TEST_CASE("t32 as_completed gives results in the order of their completion") {
    auto program = [](trace& ev) -> coro<> {
        auto c = [](int k) -> coro<int> {
            co_await turns(k);
            co_return k;
        };
        std::vector<coro<int>> work;
        for (int k : {5, 1, 3}) work.push_back(c(k));
        for (auto&& next : as_completed(std::move(work))) ev(co_await std::move(next));
    };
    CHECK(run_traced(program) == "1 | 3 | 5");
}
