#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/async_generator.hpp>
#include <girin/event.hpp>
#include <girin/sleep.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

coro<> sleep_for(std::chrono::nanoseconds delay) {
    co_await sleep(delay);
}

coro<> fail(std::string with) {
    co_await sleep(0s);
    throw std::domain_error(with);
}

// Fails when it is cancelled.
coro<> fail_in_cleanup(std::string with) {
    try {
        co_await sleep(1h);
    } catch (const cancelled_error&) {
        throw std::domain_error(with);
    }
}

// Ends a turn after it was cancelled.
coro<> leave_late(bool& left) {
    std::exception_ptr raised;
    try {
        co_await sleep(1h);
    } catch (const cancelled_error&) {
        raised = std::current_exception();
    }
    co_await turns(3);
    left = true;
    std::rethrow_exception(raised);
}

std::string words_of(const std::exception_ptr& raised) {
    try {
        std::rethrow_exception(raised);
    } catch (const base_exception_group& group) {
        std::string words = "[";
        for (const auto& member : group.exceptions()) words += (words.size() > 1 ? " " : "") + words_of(member);
        return words + "]";
    } catch (const cancelled_error& e) {
        return "cancelled" + e.message();
    } catch (const timeout_error&) {
        return "timeout";
    } catch (const keyboard_interrupt&) {
        return "interrupt";
    } catch (const generator_exit&) {
        return "generator_exit";
    } catch (const std::exception& e) {
        return e.what();
    } catch (int number) {
        return std::to_string(number);
    }
}

// How it ends: "done", or what it raises.
template <class Awaitable>
coro<std::string> end_of(Awaitable awaited) {
    try {
        co_await std::move(awaited);
    } catch (...) {
        co_return words_of(std::current_exception());
    }
    co_return "done";
}

}  // namespace

TEST_CASE("12.01 leaving the block waits for all children, also those added while waiting") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        bool late = false;
        co_await task_group::run([&](task_group& group) -> coro<> {
            group.create_task(sleep_for(1s));
            group.create_task([&late, group]() -> coro<> {
                co_await sleep(2s);
                group.create_task([&late]() -> coro<> {
                    co_await sleep(3s);
                    late = true;
                });
            });
            co_return;
        });
        CHECK(late);
        CHECK(loop::running().time() - start == 5s);
    });
}

TEST_CASE("12.02 children may add children until the last one has finished") {
    run_virtual([]() -> coro<> {
        int made = 0;
        struct generations {
            static coro<> next(task_group group, int& made) {
                co_await turns(1);
                if (++made < 10) group.create_task(next(group, made));
            }
        };
        co_await task_group::run([&](task_group& group) -> coro<> {
            group.create_task(generations::next(group, made));
            co_return;
        });
        CHECK(made == 10);
    });
}

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

TEST_CASE("12.20 create_task once the group is shutting down is refused, and disposes of the coroutine") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        auto holding = [](std::shared_ptr<int>) -> coro<> { co_return; };
        std::string refused;
        auto outcome = co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            group.create_task(fail("child"));
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                try {
                    group.create_task(holding(alive));
                } catch (const std::runtime_error& e) {
                    refused = e.what();
                }
            }
        }));
        CHECK(outcome == "[child]");
        CHECK(refused == "this task_group is shutting down, as somebody failed or cancelled it: no more tasks");
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("12.20 create_task after the end is refused, and disposes of the coroutine and of the callable") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        auto holding = [](std::shared_ptr<int>) -> coro<> { co_return; };
        std::optional<task_group> ended;
        co_await task_group::run([&](task_group& group) -> coro<> {
            ended = group;
            co_return;
        });
        CHECK_THROWS_WITH_AS(ended->create_task(holding(alive)),
                             "this task_group has ended: make tasks while its body or another of its tasks runs",
                             std::runtime_error);
        CHECK_THROWS_AS(ended->create_task(holding, alive), std::runtime_error);
        CHECK(alive.use_count() == 1);
        CHECK(all_tasks().size() == 1);
    });
}

TEST_CASE("12.20 create_task is allowed while the block waits for its last child") {
    run_virtual([]() -> coro<> {
        bool ran = false;
        std::optional<task_group> group_outside;
        auto parent = create_task(task_group::run([&](task_group& group) -> coro<> {
            group_outside = group;
            group.create_task(sleep_for(1s));
            co_return;
        }));
        co_await turns(3);
        group_outside->create_task([&]() -> coro<> {
            co_await sleep(2s);
            ran = true;
        });
        co_await parent;
        CHECK(ran);
    });
}

// A group exists only inside of run(), so none can be entered twice (12.20 before entering, 12.21).
TEST_CASE("12.21 a group outside a task is refused") {
    loop l;
    std::string refused;
    l.call_soon([&] {
        auto body = [](task_group&) -> coro<> { co_return; };
        auto started = task_group::run(body);
        try {
            started.handle().resume();
            started.handle().promise().result.take();
        } catch (const std::runtime_error& e) {
            refused = e.what();
        }
        loop::running().stop();
    });
    l.run_forever();
    CHECK(refused == "a task_group can only be run inside a task: make one with create_task");
}

TEST_CASE("12.22 create_task returns the task, which can be named, and awaited inside the block") {
    run_virtual([]() -> coro<> {
        int sum = co_await task_group::run([](task_group& group) -> coro<int> {
            auto add = [](int a, int b) -> coro<int> {
                co_await sleep(1s);
                co_return a + b;
            };
            auto named = group.create_task({.name = "adder"}, add, 1, 2);
            CHECK(named.get_name() == "adder");
            auto eager = group.create_task({.eager_start = true}, add, 3, 4);
            event e;
            auto waiting = group.create_task(e.wait(), {.name = "waiter"});
            CHECK(waiting.get_name() == "waiter");
            e.set();
            int first = co_await named;
            int second = co_await eager;
            co_return first + second;
        });
        CHECK(sum == 10);
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

TEST_CASE("12.24 a child's result stays available after the block, and the group keeps nothing alive") {
    run_virtual([]() -> coro<> {
        auto alive = std::make_shared<int>();
        task<int> child;
        std::optional<task_group> outside;
        co_await end_of(task_group::run([&](task_group& group) -> coro<> {
            outside = group;
            child = group.create_task([](std::shared_ptr<int>) -> coro<int> { co_return 5; }, alive);
            group.create_task([](std::shared_ptr<int>) -> coro<> { co_await fail("x"); }, alive);
            co_return;
        }));
        CHECK(child.result() == 5);
        CHECK(alive.use_count() == 1);
    });
}

// 12.25 does not apply: the parent task cannot end before run() does, which waits for every child.
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

TEST_CASE("the body's result may be a reference or move-only, and the body gets a handle that it may copy") {
    run_virtual([]() -> coro<> {
        int object = 1;
        int& same = co_await task_group::run([&](task_group) -> coro<int&> { co_return object; });
        CHECK(&same == &object);
        auto owner = co_await task_group::run(
            [](const task_group&) -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); });
        CHECK(*owner == 2);
    });
}

TEST_CASE("what a body's callable holds lives until the last child has ended") {
    run_virtual([]() -> coro<> {
        auto text = std::make_shared<std::string>("alive");
        std::string seen;
        co_await task_group::run([text, &seen](task_group& group) -> coro<> {
            group.create_task([&text, &seen]() -> coro<> {
                co_await sleep(1s);
                seen = *text;
            });
            co_return;
        });
        CHECK(seen == "alive");
        CHECK(text.use_count() == 1);
    });
}

TEST_CASE("a loop may be closed while a task_group runs") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(
                [](std::shared_ptr<int> held) -> coro<> {
                    co_await task_group::run([held](task_group& group) -> coro<> {
                        group.create_task([](std::shared_ptr<int>, task_group) -> coro<> { co_await sleep(1h); }, held,
                                          group);
                        co_await sleep(1h);
                    });
                },
                alive);
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("a group's run() in a generator may be dropped after its loop is gone") {
    auto alive = std::make_shared<int>();
    std::unique_ptr<async_generator<int>> generator;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            auto numbers = [](std::shared_ptr<int> held) -> async_generator<int> {
                co_await task_group::run([held](task_group& group) -> coro<> {
                    group.create_task([](std::shared_ptr<int>) -> coro<> { co_await sleep(1h); }, held);
                    co_await sleep(1h);
                });
                co_yield 1;
            };
            generator = std::make_unique<async_generator<int>>(numbers(alive));
            create_task([&]() -> coro<> { co_await generator->next(); });
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() > 1);
    generator.reset();
    CHECK(alive.use_count() == 1);
}

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
