#include "tests/support/run_virtual.hpp"
#include "tests/support/task_groups.hpp"
#include "tests/support/turns.hpp"

#include <girin/async_generator.hpp>
#include <girin/sleep.hpp>
#include <girin/task_group.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::end_of;
using girin::test::fail;
using girin::test::fail_in_cleanup;
using girin::test::leave_late;
using girin::test::run_virtual;
using girin::test::turns;
using girin::test::words_of;

TEST_CASE("12.03 the first child that fails cancels every other unfinished child and the body at its suspension") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> seen;
        auto child = [&](std::string name) -> coro<> {
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                seen.push_back(name);
                throw;
            }
        };
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(child("a"));
            group.create_task(fail("b"));
            group.create_task(child("c"));
            auto finished = group.create_task(turns(0));
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                seen.push_back("body");
                CHECK(finished.done());
                CHECK_FALSE(finished.cancelled());
                throw;
            }
        }));
        CHECK(outcome == "[b]");
        CHECK(seen == std::vector<std::string>{"a", "c", "body"});
    });
}

TEST_CASE("12.05 all errors are raised together, children in order of completion, the body's own exception last") {
    run_virtual([]() -> coro<> {
        bool ended = false;
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(leave_late(ended));
            group.create_task(fail_in_cleanup("second"));
            group.create_task(fail("first"));
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                throw std::domain_error("body");
            }
        }));
        CHECK(outcome == "[first second body]");
        CHECK(ended);
    });
}

TEST_CASE("12.06 the group is raised even for a single error") {
    run_virtual([]() -> coro<> {
        auto group_of_one = [](task_group&) -> coro<> {
            co_await turns(0);
            throw std::domain_error("alone");
        };
        CHECK_THROWS_AS(co_await task_group::run(group_of_one), exception_group);
    });
}

TEST_CASE("12.06 the ordinary group type if all members are ordinary exceptions, the base type otherwise") {
    run_virtual([]() -> coro<> {
        auto body = [](task_group& group) -> coro<> {
            group.create_task([]() -> coro<> {
                co_await turns(1);
                throw 7;
            });
            group.create_task(fail("ordinary"));
            co_return;
        };
        bool ordinary = false;
        std::string words;
        try {
            co_await task_group::run(body);
        } catch (const std::exception&) {
            ordinary = true;
        } catch (const base_exception_group&) {
            words = words_of(std::current_exception());
        }
        CHECK_FALSE(ordinary);
        CHECK(words == "[7 ordinary]");
    });
}

TEST_CASE("12.07 an interrupted body's cancelled_error is not part of the group, and cancelling() is what it was") {
    run_virtual([]() -> coro<> {
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(fail("child"));
            co_await sleep(1h);
        }));
        CHECK(outcome == "[child]");
        CHECK(current_task().cancelling() == 0);
        co_await turns(1);
    });
}

TEST_CASE("12.08 the same holds if the body swallows that cancelled_error and goes on") {
    run_virtual([]() -> coro<> {
        bool went_on = false;
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<int> {
            group.create_task(fail("child"));
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            co_await sleep(1s);
            went_on = true;
            co_return 1;
        }));
        CHECK(outcome == "[child]");
        CHECK(went_on);
        CHECK(current_task().cancelling() == 0);
        co_await turns(1);
    });
}

TEST_CASE("12.09 no cancellation leaks to the code after the block when the body does not suspend any more") {
    run_virtual([]() -> coro<> {
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(fail("child"));
            co_return;
        }));
        CHECK(outcome == "[child]");
        CHECK(current_task().cancelling() == 0);
        co_await turns(2);
    });
}

TEST_CASE("12.10 an exception in the body cancels all children, waits for them, and is raised inside a group") {
    run_virtual([]() -> coro<> {
        bool left = false;
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(leave_late(left));
            co_await turns(1);
            throw std::domain_error("body");
        }));
        CHECK(outcome == "[body]");
        CHECK(left);
    });
}

TEST_CASE("12.13 a body that turns cancelled_error into another exception gives a group with that exception") {
    run_virtual([]() -> coro<> {
        std::string outcome;
        auto parent = create_task([&]() -> coro<> {
            outcome = co_await end_of(task_group::run([](task_group&) -> coro<> {
                try {
                    co_await sleep(1h);
                } catch (const cancelled_error&) {
                    throw std::domain_error("instead");
                }
            }));
        });
        co_await turns(2);
        parent.cancel();
        co_await end_of(parent);
        CHECK(outcome == "[instead]");
    });
}

TEST_CASE("12.14 children that fail during their cancellation cleanup are in the group") {
    run_virtual([]() -> coro<> {
        auto outcome = co_await end_of(task_group::run([](task_group& group) -> coro<> {
            group.create_task(fail_in_cleanup("one"));
            group.create_task(fail_in_cleanup("two"));
            co_await turns(1);
            throw std::domain_error("body");
        }));
        CHECK(outcome == "[one two body]");
    });
}

TEST_CASE("12.16 keyboard_interrupt from the body is raised bare, after the children have been cancelled and awaited") {
    bool left = false;
    auto program = [&]() -> coro<> {
        co_await task_group::run([&](task_group& group) -> coro<> {
            group.create_task(leave_late(left));
            group.create_task(fail_in_cleanup("not told"));
            co_await turns(1);
            throw keyboard_interrupt();
        });
    };
    CHECK_THROWS_AS(run_virtual(program), keyboard_interrupt);
    CHECK(left);
}

TEST_CASE("12.16 keyboard_interrupt from a child is raised bare, after the other children have been awaited") {
    bool left = false;
    std::string outcome;
    auto program = [&]() -> coro<> {
        outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(leave_late(left));
            group.create_task([]() -> coro<> {
                co_await turns(1);
                throw keyboard_interrupt();
            });
            co_return;
        }));
    };
    loop l({.virtual_time = true});
    CHECK_THROWS_AS(l.run_until_complete(program()), keyboard_interrupt);
    CHECK_FALSE(left);
    l.run_until_complete(turns(10));
    CHECK(left);
    CHECK(outcome == "interrupt");
}

TEST_CASE("12.17 an inner failure makes the outer group cancel its own, the result is a group in a group") {
    run_virtual([]() -> coro<> {
        bool inner_left = false, outer_left = false;
        auto outcome = co_await end_of(task_group::run([&](task_group& outer) -> coro<> {
            outer.create_task(leave_late(outer_left));
            co_await task_group::run([&](task_group& inner) -> coro<> {
                inner.create_task(leave_late(inner_left));
                inner.create_task(fail("inner"));
                co_return;
            });
        }));
        CHECK(outcome == "[[inner]]");
        CHECK(inner_left);
        CHECK(outer_left);
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("12.18 a failure in the outer group's child cancels the inner block, which raises no group of its own") {
    run_virtual([]() -> coro<> {
        bool inner_left = false;
        std::string of_inner;
        auto outcome = co_await end_of(task_group::run([&](task_group& outer) -> coro<> {
            outer.create_task(fail("outer"));
            try {
                co_await task_group::run([&](task_group& inner) -> coro<> {
                    inner.create_task(leave_late(inner_left));
                    co_await sleep(1h);
                });
            } catch (...) {
                of_inner = words_of(std::current_exception());
                throw;
            }
        }));
        CHECK(of_inner == "cancelled");
        CHECK(outcome == "[outer]");
        CHECK(inner_left);
    });
}

TEST_CASE("12.19 nested, both fail in the same turn: the inner raises its group, and cancelling() is 1 and then 0") {
    run_virtual([]() -> coro<> {
        unsigned inside = 9;
        std::string of_inner;
        auto outcome = co_await end_of(task_group::run([&](task_group& outer) -> coro<> {
            outer.create_task(fail("outer"));
            of_inner = co_await end_of(task_group::run([&](task_group& inner) -> coro<> {
                inner.create_task(fail("inner"));
                co_await sleep(1h);
            }));
            inside = current_task().cancelling();
        }));
        CHECK(of_inner == "[inner]");
        CHECK(inside == 1);
        CHECK(outcome == "[outer]");
        CHECK(current_task().cancelling() == 0);
    });
}

TEST_CASE("12.23 a child that creates another child that fails is itself cancelled, also during an eager creation") {
    for (bool eager : {false, true}) {
        run_virtual([&]() -> coro<> {
            bool cancelled = false;
            auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
                auto at_once = []() -> coro<> {
                    throw std::domain_error("at once");
                    co_return;
                };
                auto creator = [&, group]() -> coro<> {
                    if (eager)
                        group.create_task({.eager_start = true}, at_once);
                    else
                        group.create_task(at_once);
                    try {
                        co_await sleep(1h);
                    } catch (const cancelled_error&) {
                        cancelled = true;
                        throw;
                    }
                };
                if (eager)
                    group.create_task({.eager_start = true}, creator);
                else
                    group.create_task(creator);
                co_await sleep(1h);
            }));
            CHECK(outcome == "[at once]");
            CHECK(cancelled);
        });
    }
}

TEST_CASE("26.12 a child that fails eagerly cancels the group only after create_task has returned") {
    run_virtual([]() -> coro<> {
        bool went_on = false;
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            auto failed = group.create_task({.eager_start = true}, []() -> coro<> {
                throw std::domain_error("eager");
                co_return;
            });
            CHECK(failed.done());
            group.create_task(turns(1));
            went_on = current_task().cancelling() == 0;
            co_await sleep(1h);
        }));
        CHECK(outcome == "[eager]");
        CHECK(went_on);
    });
}

TEST_CASE("12.28 a body ended by generator_exit with no other error raises that bare, not in a group") {
    run_virtual([]() -> coro<> {
        auto bare = co_await end_of(task_group::run([](task_group&) -> coro<> {
            co_await turns(1);
            throw generator_exit();
        }));
        CHECK(bare == "generator_exit");
        auto grouped = co_await end_of(task_group::run([](task_group& group) -> coro<> {
            group.create_task(fail("child"));
            co_await turns(2);
            throw generator_exit();
        }));
        CHECK(grouped == "[child generator_exit]");
    });
}

// Which only a generator that is dropped can bring about: a task cannot end before run() does.
TEST_CASE("12.25 if a child fails when nobody waits for its group any more, the handler is told") {
    std::vector<std::string> reported;
    loop l({.virtual_time = true});
    l.set_exception_handler(
        [&](loop&, const exception_context& c) { reported.push_back(c.task_name + ": " + c.message); });
    auto child = []() -> coro<> {
        bool cancelled = false;
        try {
            co_await sleep(1h);
        } catch (const cancelled_error&) {
            cancelled = true;
        }
        co_await turns(1);
        if (cancelled) throw std::domain_error("clean-up");
    };
    auto numbers = [](coro<> work) -> async_generator<int> {
        co_await task_group::run([&](task_group& group) -> coro<> {
            group.create_task(std::move(work), {.name = "child"});
            co_await sleep(1h);
        });
        co_yield 1;
    };
    l.run_until_complete([&]() -> coro<> {
        std::optional<async_generator<int>> generator = numbers(child());
        create_task({.name = "waiter"}, [&]() -> coro<> { co_await generator->next(); });
        co_await turns(3);
        generator.reset();
        co_await turns(3);
        CHECK(reported == std::vector<std::string>{"child: Task exception was never retrieved"});
    }());
    l.close();
    CHECK(reported.size() == 2);
    CHECK(reported.back() == "waiter: Task was destroyed but it is pending!");
}
