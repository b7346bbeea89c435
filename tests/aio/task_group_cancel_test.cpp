#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/task_groups.hpp"
#include "tests/support/turns.hpp"

#include <girin/sleep.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::end_of;
using girin::test::fail_in_cleanup;
using girin::test::leave_late;
using girin::test::run_virtual;
using girin::test::sleep_for;
using girin::test::turns;

TEST_CASE("12.04 a child that ends cancelled is no error: the others go on, nothing is raised") {
    run_virtual([]() -> coro<> {
        bool other = false;
        co_await task_group::run([&](task_group& group) -> coro<> {
            auto cancelled = group.create_task(sleep_for(1h));
            group.create_task([&]() -> coro<> {
                co_await sleep(1s);
                other = true;
            });
            group.create_task([]() -> coro<> {
                co_await sleep(0s);
                throw cancelled_error("of its own");
            });
            co_await turns(1);
            cancelled.cancel();
        });
        CHECK(other);
    });
}

TEST_CASE("12.11 cancelling the parent cancels all children, if none fails, a plain cancelled_error is raised") {
    for (bool in_body : {true, false}) {
        run_virtual([&]() -> coro<> {
            bool left = false;
            auto parent = create_task([&]() -> coro<> {
                co_await task_group::run([&](task_group& group) -> coro<> {
                    group.create_task(leave_late(left));
                    if (in_body) co_await sleep(1h);
                });
            });
            co_await turns(3);
            parent.cancel(" from outside");
            auto outcome = co_await end_of(parent);
            CHECK(outcome == "cancelled from outside");
            CHECK(left);
            CHECK(parent.cancelled());
        });
    }
}

TEST_CASE("an outside cancellation is raised though the group was cancelled before or beside it") {
    for (bool beside : {true, false}) {
        run_virtual([&]() -> coro<> {
            std::optional<task_group> outside;
            bool left = false;
            auto parent = create_task([&]() -> coro<> {
                co_await task_group::run([&](task_group& group) -> coro<> {
                    outside = group;
                    group.create_task(leave_late(left));
                    if (beside) co_await sleep(1h);
                });
            });
            co_await turns(3);
            if (beside) parent.cancel("from outside");
            outside->cancel();
            if (!beside) {
                co_await turns(3);
                parent.cancel("from outside");
            }
            auto outcome = co_await end_of(parent);
            CHECK(outcome.starts_with("cancelled"));
            CHECK(left);
        });
    }
}

TEST_CASE("12.12 outside cancellation plus failing children: the group is raised and the cancellation stays pending") {
    run_virtual([]() -> coro<> {
        std::string at_the_group, after_it;
        auto parent = create_task([&]() -> coro<> {
            at_the_group = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
                group.create_task(fail_in_cleanup("child"));
                co_await sleep(1h);
            }));
            CHECK(current_task().cancelling() == 1);
            after_it = co_await end_of(sleep_for(1s));
        });
        co_await turns(2);
        parent.cancel();
        co_await parent;
        CHECK(at_the_group == "[child]");
        CHECK(after_it == "cancelled");
        CHECK(parent.cancelling() == 1);
    });
}

TEST_CASE("12.15 the wait at the end survives repeated cancellations: it never leaves while a child runs") {
    run_virtual([]() -> coro<> {
        bool child_ended = false;
        auto parent = create_task([&]() -> coro<> {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task([&]() -> coro<> {
                    for (int i = 0; i < 5; ++i) {
                        try {
                            co_await sleep(1h);
                        } catch (const cancelled_error&) {
                        }
                        co_await sleep(1min);
                    }
                    child_ended = true;
                });
                co_return;
            });
        });
        for (int i = 0; i < 5; ++i) {
            co_await sleep(1s);
            CHECK(parent.cancel());
            CHECK_FALSE(parent.done());
        }
        auto outcome = co_await end_of(parent);
        CHECK(outcome == "cancelled");
        CHECK(child_ended);
        CHECK(parent.cancelling() == 5);
    });
}

TEST_CASE("12.26 with timeout around the group its children are cancelled and timeout_error is raised") {
    run_virtual([]() -> coro<> {
        bool left = false;
        auto outcome = co_await end_of(timeout(1s, [&]() -> coro<> {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task(leave_late(left));
                co_return;
            });
        }));
        CHECK(outcome == "timeout");
        CHECK(left);
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("12.26 with timeout around the group children failing in cleanup give a group instead") {
    run_virtual([]() -> coro<> {
        auto outcome = co_await end_of(timeout(1s, [&]() -> coro<> {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task(fail_in_cleanup("child"));
                co_return;
            });
        }));
        CHECK(outcome == "[child]");
        CHECK(current_task().cancelling() == 0);
        co_await turns(1);
    });
}

TEST_CASE("12.27 cancel() ends the block early: children and body are cancelled, nothing is raised") {
    for (bool in_body : {true, false}) {
        run_virtual([&]() -> coro<> {
            bool left = false;
            std::optional<task_group> outside;
            auto parent = create_task(task_group::run([&](task_group& group) -> coro<> {
                outside = group;
                group.create_task(leave_late(left));
                if (in_body) co_await sleep(1h);
            }));
            co_await turns(3);
            outside->cancel();
            outside->cancel();
            auto outcome = co_await end_of(parent);
            CHECK(outcome == "done");
            CHECK(left);
            CHECK(parent.cancelling() == 0);
            outside->cancel();
        });
    }
}

TEST_CASE("12.27 cancel() by a child ends that child too, also one that has just been started eagerly") {
    for (bool eager : {false, true}) {
        run_virtual([&]() -> coro<> {
            bool cancelled = false;
            co_await task_group::run([&](task_group& group) -> coro<> {
                auto quits = [&, group]() -> coro<> {
                    group.cancel();
                    try {
                        co_await sleep(1h);
                    } catch (const cancelled_error&) {
                        cancelled = true;
                        throw;
                    }
                };
                if (eager)
                    group.create_task({.eager_start = true}, quits);
                else
                    group.create_task(quits);
                co_await sleep(1h);
            });
            CHECK(cancelled);
            CHECK(current_task().cancelling() == 0);
            co_await turns(1);
        });
    }
}

TEST_CASE("12.27 a body that cancel() interrupts has no result to return, one that has ended has") {
    run_virtual([]() -> coro<> {
        auto interrupted = co_await end_of(task_group::run([](task_group& group) -> coro<int> {
            loop::running().call_later(1s, [group] { group.cancel(); });
            co_await sleep(1h);
            co_return 1;
        }));
        CHECK(interrupted == "cancelledthe task_group was cancelled before its body had a result");
        int ended = co_await task_group::run([](task_group& group) -> coro<int> {
            group.create_task(sleep_for(1h));
            loop::running().call_later(1s, [group] { group.cancel(); });
            co_return 2;
        });
        CHECK(ended == 2);
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("12.27 errors win over cancel()") {
    run_virtual([]() -> coro<> {
        auto outcome = co_await end_of(task_group::run([](task_group& group) -> coro<> {
            group.create_task(fail_in_cleanup("child"));
            co_await turns(1);
            group.cancel();
            co_await sleep(1h);
        }));
        CHECK(outcome == "[child]");
        CHECK(current_task().cancelling() == 0);
    });
}
