// Golden traces of task_group: the same events in the same order as CPython 3.13's asyncio.
#include "tests/support/trace.hpp"
#include "tests/support/turns.hpp"

#include <girin/sleep.hpp>
#include <girin/task_group.hpp>

#include <optional>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;
using girin::test::turns;

namespace {

struct value_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct key_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

coro<> sleep_long() {
    co_await sleep(9s);
}

coro<> fail(std::string with) {
    co_await sleep(0s);
    throw value_error(with);
}

coro<> sleep_noting(trace& ev, std::string cancelled) {
    try {
        co_await sleep(9s);
    } catch (const cancelled_error&) {
        ev(cancelled);
        throw;
    }
}

std::string names_of(const exception_group& group) {
    std::string names;
    for (const auto& member : group.exceptions()) {
        names += names.empty() ? "" : ", ";
        try {
            std::rethrow_exception(member);
        } catch (const value_error& e) {
            names += std::string("ValueError:") + e.what();
        } catch (const key_error& e) {
            names += std::string("KeyError:") + e.what();
        } catch (const exception_group&) {
            names += "ExceptionGroup";
        }
    }
    return names;
}

}  // namespace

TEST_CASE("t33 a child's error cancels its siblings and the body") {
    auto program = [](trace& ev) -> coro<> {
        try {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task(sleep_noting(ev, "sib cancelled"));
                group.create_task(fail("v"));
                try {
                    co_await sleep(9s);
                } catch (const cancelled_error&) {
                    ev("body cancelled", current_task().cancelling());
                    throw;
                }
            });
        } catch (const exception_group& g) {
            ev(g.exceptions().size(), current_task().cancelling());
        }
    };
    CHECK(run_traced(program) == "sib cancelled | body cancelled 1 | 1 0");
}

TEST_CASE("t34 an error of the body cancels the children") {
    auto program = [](trace& ev) -> coro<> {
        try {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task(sleep_noting(ev, "sib cancelled"));
                co_await sleep(0s);
                throw key_error("k");
            });
        } catch (const exception_group& g) {
            ev(names_of(g));
        }
    };
    CHECK(run_traced(program) == "sib cancelled | KeyError:k");
}

TEST_CASE("t35 a cancellation from outside cancels the children and stays a cancellation") {
    auto program = [](trace& ev) -> coro<> {
        auto m = [&]() -> coro<> {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task(sleep_noting(ev, "sib"));
                co_return;
            });
        };
        auto t = create_task(m());
        co_await turns(2);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("plain CancelledError", t.cancelling());
        }
    };
    CHECK(run_traced(program) == "sib | plain CancelledError 1");
}

TEST_CASE("t36 a child that is cancelled is no error") {
    auto program = [](trace& ev) -> coro<> {
        task<> a;
        task<int> b;
        co_await task_group::run([&](task_group& group) -> coro<> {
            a = group.create_task(sleep_long());
            b = group.create_task([]() -> coro<int> {
                co_await sleep(0s);
                co_return 5;
            });
            co_await sleep(0s);
            a.cancel();
        });
        ev(a.cancelled(), b.result());
    };
    CHECK(run_traced(program) == "true 5");
}

TEST_CASE("t37 an inner group's errors reach the outer one as a group") {
    auto program = [](trace& ev) -> coro<> {
        try {
            co_await task_group::run([](task_group&) -> coro<> {
                co_await task_group::run([](task_group& inner) -> coro<> {
                    inner.create_task(fail(""));
                    co_return;
                });
            });
        } catch (const exception_group& g) {
            ev(names_of(g), current_task().cancelling());
        }
    };
    CHECK(run_traced(program) == "ExceptionGroup 0");
}

// There is no group outside of run(), so one that was not entered, or entered twice, cannot be written.
TEST_CASE("t38 a group that has ended takes no more tasks") {
    auto program = [](trace& ev) -> coro<> {
        std::optional<task_group> ended;
        co_await task_group::run([&](task_group& group) -> coro<> {
            ended = group;
            co_return;
        });
        try {
            ended->create_task(sleep_long());
        } catch (const std::runtime_error&) {
            ev("finished");
        }
    };
    CHECK(run_traced(program) == "finished");
}

TEST_CASE("t74 errors come in the order of completion, the body's last, and no cancellation is left") {
    auto program = [](trace& ev) -> coro<> {
        auto cleanup = [](std::string with) -> coro<> {
            try {
                co_await sleep(9s);
            } catch (const cancelled_error&) {
                throw value_error(with);
            }
        };
        try {
            co_await task_group::run([&](task_group& group) -> coro<> {
                group.create_task(cleanup, "cleanup");
                group.create_task(fail("first"));
                try {
                    co_await sleep(9s);
                } catch (const cancelled_error&) {
                    throw key_error("body");
                }
            });
        } catch (const exception_group& g) {
            ev(names_of(g), current_task().cancelling());
        }
    };
    CHECK(run_traced(program) == "ValueError:first, ValueError:cleanup, KeyError:body 0");
}
