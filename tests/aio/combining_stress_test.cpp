// Cancels what combines tasks at every await point in turn, once and twice: everything ends, no task outlives the block
// that answers for it, nothing is lost, nothing leaks.
#include "tests/support/cancel_everywhere.hpp"
#include "tests/support/turns.hpp"

#include <girin/as_completed.hpp>
#include <girin/gather.hpp>
#include <girin/shield.hpp>
#include <girin/staggered_race.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::cancel_everywhere;
using girin::test::stress_program;
using girin::test::tasks_of;
using girin::test::timed_turns;
using girin::test::token;
using girin::test::turns;
using girin::test::visit;

namespace {

// Long enough for whatever is left to end, or to show.
constexpr int turns_to_settle = 100;

struct counted_tasks : stress_program {
    int inside = 0;

    // A child that takes a while to leave when it is cancelled.
    coro<> child(token, int lasts, bool fails = false) {
        const visit here(inside);
        std::exception_ptr raised;
        try {
            co_await turns(lasts);
        } catch (const cancelled_error&) {
            raised = std::current_exception();
        }
        if (raised) {
            co_await turns(2);
            std::rethrow_exception(raised);
        }
        if (fails) throw std::domain_error("failed");
    }
    void check_end() { CHECK(inside == 0); }
    coro<> check(const tasks_of&) {
        co_await timed_turns(turns_to_settle);
        CHECK(inside == 0);
    }
};

struct nested_groups : counted_tasks {
    coro<> run(token t) {
        co_await task_group::run([&](task_group& outer) -> coro<> {
            outer.create_task(child(t, 6));
            outer.create_task([&, t, outer]() -> coro<> {
                co_await turns(1);
                outer.create_task(child(t, 4));
            });
            co_await task_group::run([&](task_group& inner) -> coro<> {
                inner.create_task(child(t, 3));
                inner.create_task(child(t, 5));
                co_await turns(2);
            });
            co_await turns(1);
        });
    }
};

struct failing_groups : counted_tasks {
    coro<> run(token t) {
        try {
            co_await task_group::run([&](task_group& outer) -> coro<> {
                outer.create_task(child(t, 9));
                outer.create_task(child(t, 4, true));
                co_await task_group::run([&](task_group& inner) -> coro<> {
                    inner.create_task(child(t, 9));
                    inner.create_task(child(t, 3, true));
                    co_await turns(9);
                });
            });
        } catch (const exception_group&) {
        }
        CHECK(inside == 0);
        co_await turns(2);
    }
};

struct timed_groups : counted_tasks {
    coro<> run(token t) {
        bool timed_out = false;
        try {
            co_await timeout(5ms, [&]() -> coro<> {
                co_await task_group::run([&](task_group& group) -> coro<> {
                    group.create_task(child(t, 3));
                    group.create_task(child(t, 50));
                    try {
                        co_await wait_for(child(t, 50), 2ms);
                    } catch (const timeout_error&) {
                    }
                });
            });
        } catch (const timeout_error&) {
            timed_out = true;
        }
        CHECK(timed_out);
        CHECK(inside == 0);
    }
};

struct gathered_groups : counted_tasks {
    coro<> group(token t) {
        co_await task_group::run([&](task_group& g) -> coro<> {
            g.create_task(child(t, 3));
            co_await turns(2);
        });
    }
    coro<> run(token t) { co_await gather(return_exceptions, group(t), group(t), child(t, 5)); }
};

struct race : counted_tasks {
    coro<> run(token t) {
        auto attempt = [this, t](int lasts, bool succeeds) {
            return [this, t, lasts, succeeds]() -> coro<> { co_await child(t, lasts, !succeeds); };
        };
        auto result = co_await staggered_race(std::vector{attempt(3, false), attempt(9, true), attempt(4, true)}, 2ms);
        CHECK(result.winner == 2);
    }
};

// Whatever happens to who waits, what is shielded happens once and to its end.
struct shielded : stress_program {
    int begun = 0, ended = 0;

    coro<> save(token) {
        ++begun;
        co_await turns(4);
        ++ended;
    }
    coro<> run(token t) {
        co_await turns(1);
        co_await shield(save(t));
        co_await turns(1);
    }
    coro<> check(const tasks_of&) {
        co_await timed_turns(turns_to_settle);
        CHECK(begun == ended);
    }
};

// Who leaves early, leaves the tasks as they are.
struct waits : stress_program {
    std::vector<task<>> tasks;

    coro<> work(token, int lasts) { co_await turns(lasts); }
    coro<> run(token t) {
        for (int lasts : {5, 2, 2, 7}) tasks.push_back(create_task(work(t, lasts)));
        auto left = tasks;
        while (!left.empty()) {
            auto result = co_await wait(left, {.timeout = 3ms, .return_when = first_completed});
            CHECK(result.done.size() + result.pending.size() == left.size());
            left = std::move(result.pending);
        }
    }
    coro<> check(const tasks_of&) {
        co_await timed_turns(turns_to_settle);
        for (auto& t : tasks) {
            CHECK(t.done());
            CHECK_FALSE(t.cancelled());
        }
    }
};

// Two read from one iteration; what one does not take, because it is cancelled, the other one or a third one gets.
struct readers : stress_program {
    std::vector<int> seen;
    std::vector<task<int>> tasks;

    coro<int> work(token, int lasts) {
        co_await turns(lasts);
        co_return lasts;
    }
    coro<> read(token, completions<task<int>> all) {
        while (auto done = co_await all.next()) {
            seen.push_back(done->result());
            co_await turns(1);
        }
    }
    coro<> run(token t) {
        for (int lasts : {4, 1, 2, 6, 3}) tasks.push_back(create_task(work(t, lasts)));
        auto all = as_completed(tasks, {.timeout = 1s});
        auto other = create_task(read(t, all));
        bool cancelled = false;
        try {
            co_await read(t, all);
        } catch (const cancelled_error&) {
            cancelled = true;
        }
        if (cancelled) other.cancel();
        for (;;) {
            try {
                co_await wait({other});
                co_await read(t, all);
                co_return;
            } catch (const cancelled_error&) {
            }
        }
    }
    void check_end() {
        std::sort(seen.begin(), seen.end());
        if (!tasks.empty()) CHECK(seen == std::vector{1, 2, 3, 4, 6});
    }
};

}  // namespace

TEST_CASE("whenever nested groups are cancelled, no child outlives them") {
    CHECK(cancel_everywhere<nested_groups>() > 80);
}

TEST_CASE("whenever groups of failing children are cancelled, no child outlives them") {
    CHECK(cancel_everywhere<failing_groups>() > 80);
}

TEST_CASE("whenever a group under a deadline is cancelled, no child outlives it") {
    CHECK(cancel_everywhere<timed_groups>() > 40);
}

TEST_CASE("whenever a gather of groups is cancelled, everything ends") {
    CHECK(cancel_everywhere<gathered_groups>() > 40);
}

TEST_CASE("whenever a race is cancelled, no attempt outlives it") {
    CHECK(cancel_everywhere<race>() > 80);
}

TEST_CASE("whenever the waiter of what is shielded is cancelled, that happens to its end") {
    CHECK(cancel_everywhere<shielded>() > 40);
}

TEST_CASE("whenever a wait is cancelled, what it waits for is left as it is") {
    CHECK(cancel_everywhere<waits>() > 80);
}

TEST_CASE("whenever a reader of as_completed is cancelled, no result is lost") {
    CHECK(cancel_everywhere<readers>() > 80);
}
