#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/context.hpp>
#include <girin/context_var.hpp>
#include <girin/future.hpp>
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/task_group.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

const context_var<std::string> user("user");
const context_var<int> depth("depth", 0);

}  // namespace

TEST_CASE("a context is separate from where it is used, keeps what was set in it, and may be used inside itself") {
    context c;
    CHECK(c.run([] { return depth.set(3).old_value().has_value(); }) == false);
    CHECK(depth.get() == 0);
    CHECK(c.get(depth) == 3);
    CHECK(!c.get(user));
    c.run([&](int more) { c.run([&] { depth.set(depth.get() + more); }); }, 4);
    CHECK(c.get(depth) == 7);
    context d = c.copy(), same = c;
    CHECK(c == same);
    CHECK(c != d);
    c.run([] { depth.set(8); });
    CHECK(d.get(depth) == 7);
    CHECK(same.get(depth) == 8);
    CHECK_THROWS_AS(c.run([] { throw std::domain_error("x"); }), std::domain_error);
    CHECK(depth.get() == 0);
}

TEST_CASE("5.12 a task has a copy of its creator's context, taken when it was created") {
    run_virtual([]() -> coro<> {
        depth.set(1);
        auto child = create_task([]() -> coro<int> {
            int inherited = depth.get();
            depth.set(9);
            user.set("child");
            co_await turns(2);
            CHECK(depth.get() == 9);
            co_return inherited;
        });
        depth.set(2);
        int inherited = co_await child;
        CHECK(inherited == 1);
        CHECK(depth.get() == 2);
        CHECK(user.get("") == "");
    });
    CHECK(depth.get() == 0);
}

TEST_CASE("5.12 the main task has a copy of the context that run was called in") {
    auto restored = depth.set_guard(4);
    int seen = run_virtual([]() -> coro<int> {
        int inherited = depth.get();
        depth.set(5);
        co_return inherited;
    });
    CHECK(seen == 4);
    CHECK(depth.get() == 4);
}

TEST_CASE("5.13 a task that is given a context runs in that very one") {
    run_virtual([]() -> coro<> {
        context given;
        given.run([] { depth.set(1); });
        auto body = []() -> coro<int> {
            co_await turns(1);
            depth.set(depth.get() + 1);
            co_return depth.get();
        };
        task<int> a = create_task(body(), {.context = given});
        CHECK(a.get_context() == given);
        int first = co_await a;
        task<int> b = create_task({.context = given}, body);
        int second = co_await b;
        CHECK(first == 2);
        CHECK(second == 3);
        CHECK(given.get(depth) == 3);
        CHECK(depth.get() == 0);
    });
}

TEST_CASE("5.14 an awaited coroutine shares the caller's context, also after it has suspended") {
    run_virtual([]() -> coro<> {
        auto callee = []() -> coro<> {
            depth.set(1);
            co_await turns(1);
            depth.set(depth.get() + 1);
        };
        co_await callee();
        CHECK(depth.get() == 2);
    });
}

TEST_CASE("5.15 a task's context can be had while it runs and when it is done") {
    run_virtual([]() -> coro<> {
        task<> t = create_task([]() -> coro<> {
            depth.set(1);
            co_await sleep(1s);
            depth.set(2);
        });
        any_task same = t;
        co_await turns(1);
        CHECK(t.get_context().get(depth) == 1);
        co_await t;
        CHECK(same.get_context().get(depth) == 2);
        CHECK(current_task().get_context() == current_task().get_context());
        current_task().get_context().run([] { depth.set(6); });
        CHECK(depth.get() == 6);
    });
}

TEST_CASE("tasks that take turns do not see each other's values") {
    run_virtual([]() -> coro<> {
        auto count = [](int from) -> coro<int> {
            depth.set(from);
            for (int i = 0; i < 10; ++i) {
                co_await turns(1);
                depth.set(depth.get() + 1);
            }
            co_return depth.get();
        };
        auto all = co_await gather(count(0), count(100), count(200));
        CHECK(std::get<0>(all) == 10);
        CHECK(std::get<1>(all) == 110);
        CHECK(std::get<2>(all) == 210);
    });
}

TEST_CASE("a task_group's children have copies of the creator's context, or the one that they are given") {
    run_virtual([]() -> coro<> {
        depth.set(1);
        context given;
        co_await task_group::run([&](task_group& group) -> coro<> {
            auto body = []() -> coro<int> { co_return depth.set(5).old_value().value_or(-1); };
            auto inherits = group.create_task(body);
            auto is_given = group.create_task(body(), {.context = given});
            int inherited = co_await inherits, fresh = co_await is_given;
            CHECK(inherited == 1);
            CHECK(fresh == -1);
        });
        CHECK(given.get(depth) == 5);
        CHECK(depth.get() == 1);
    });
}

TEST_CASE("26.05 an eager step runs in the task's own context, and the creator's is unchanged") {
    run_virtual([]() -> coro<> {
        depth.set(1);
        auto body = []() -> coro<int> {
            depth.set(depth.get() + 1);
            co_await turns(1);
            co_return depth.get();
        };
        task<int> t = create_task(body(), {.eager_start = true});
        CHECK(depth.get() == 1);
        int result = co_await t;
        CHECK(result == 2);
        CHECK(depth.get() == 1);
    });
}

TEST_CASE("1.24 a callback runs in a copy of the context that it was scheduled in, or in the one that it is given") {
    run_virtual([]() -> coro<> {
        std::vector<int> seen;
        auto note = [&seen] {
            seen.push_back(depth.get());
            depth.set(100);
        };
        loop& l = loop::running();
        context given;
        given.run([] { depth.set(50); });
        depth.set(1);
        l.call_soon(note);
        l.call_soon(note, given);
        l.call_later(1s, note);
        l.call_later(1s, note, given);
        l.call_at(l.time() + 2s, note);
        l.call_soon_threadsafe(note);
        depth.set(2);
        co_await sleep(3s);
        CHECK(seen == std::vector{1, 50, 1, 1, 100, 1});
        CHECK(depth.get() == 2);
        CHECK(given.get(depth) == 100);
    });
    CHECK(depth.get() == 0);
}

TEST_CASE("a callback's callbacks and tasks inherit what it has set") {
    run_virtual([]() -> coro<> {
        int of_callback = 0, of_task = 0;
        loop& l = loop::running();
        l.call_soon([&] {
            depth.set(1);
            l.call_soon([&] { of_callback = depth.get(); });
            create_task([&]() -> coro<> {
                of_task = depth.get();
                co_return;
            });
            depth.set(2);
        });
        co_await turns(3);
        CHECK(of_callback == 1);
        CHECK(of_task == 1);
    });
}

TEST_CASE("4.12 a done callback runs in a copy of the context in which it was added, or in the one that it is given") {
    run_virtual([]() -> coro<> {
        std::vector<int> seen;
        auto note = [&seen](const future<>&) {
            seen.push_back(depth.get());
            depth.set(100);
        };
        context given;
        given.run([] { depth.set(50); });
        auto f = create_future();
        depth.set(1);
        f.add_done_callback(note);
        depth.set(2);
        f.add_done_callback(note, given);
        f.set_result();
        f.add_done_callback(note);
        depth.set(3);
        co_await turns(2);
        CHECK(seen == std::vector{1, 50, 2});
        CHECK(given.get(depth) == 100);
        CHECK(depth.get() == 3);
    });
}

TEST_CASE("24.04 the exception handler runs in the context of the task or callback that it hears of") {
    std::vector<int> seen;
    loop l({.virtual_time = true});
    l.set_exception_handler([&](loop&, const exception_context&) { seen.push_back(depth.get()); });
    auto fails = [](int value) -> coro<> {
        depth.set(value);
        co_await turns(1);
        throw std::domain_error("x");
    };
    auto waits = []() -> coro<> {
        depth.set(4);
        co_await create_future();
    };
    auto main = [&]() -> coro<> {
        depth.set(9);
        create_task(fails(1));  // dropped at once, so it is reported when it ends
        auto held = create_task(fails(2));
        co_await turns(3);
        held = {};
        loop::running().call_soon([] {
            depth.set(3);
            throw std::domain_error("x");
        });
        co_await turns(1);
        create_task(waits());
        co_await turns(1);
        CHECK(depth.get() == 9);
    };
    l.run_until_complete(main());
    l.close();
    CHECK(seen == std::vector{1, 2, 3, 4});
}

TEST_CASE("21.02 to_thread's function sees the caller's values, and what it sets is not carried back") {
    run_virtual([]() -> coro<> {
        user.set("Ada");
        auto function = [](const std::string& greeting) {
            std::string result = greeting + " " + user.get();
            user.set("thread");
            depth.set(1);
            return result;
        };
        std::string first = co_await to_thread(function, "hello");
        std::string second = co_await to_thread(abandon, function, "good day");
        int left = co_await to_thread([] { return depth.get(); });
        CHECK(first == "hello Ada");
        CHECK(second == "good day Ada");
        CHECK(left == 0);
        CHECK(user.get() == "Ada");
    });
}

TEST_CASE("21.03 run_in_executor carries no context: its function has its thread's") {
    run_virtual([]() -> coro<> {
        thread_pool pool({.threads = 1});
        depth.set(7);
        auto read = [] { return depth.get(); };
        int in_executor = co_await run_in_executor(pool, read);
        int in_to_thread = co_await to_thread(read);
        int bound = co_await run_in_executor(pool, [in = copy_context(), read]() mutable { return in.run(read); });
        CHECK(in_executor == 0);
        CHECK(in_to_thread == 7);
        CHECK(bound == 7);
        co_await run_in_executor(pool, [] { depth.set(3); });
        int of_thread = co_await run_in_executor(pool, read);
        CHECK(of_thread == 3);
        CHECK(depth.get() == 7);
    });
}

TEST_CASE("a callback from another thread brings that thread's values") {
    auto program = []() -> coro<> {
        depth.set(1);
        auto arrived = create_future<int>();
        loop& l = loop::running();
        std::jthread other([&] {
            depth.set(7);
            l.call_soon_threadsafe([&] { arrived.set_result(depth.get()); });
            depth.set(8);
        });
        int seen = co_await arrived;
        CHECK(seen == 7);
        CHECK(depth.get() == 1);
    };
    run(program());
    CHECK(depth.get() == 0);
}

TEST_CASE("a value is freed with the last context that has it") {
    const context_var<std::shared_ptr<int>> shared("shared");
    std::weak_ptr<int> seen;
    run_virtual([&]() -> coro<> {
        auto value = std::make_shared<int>(1);
        seen = value;
        task<> child = create_task([&]() -> coro<> {
            shared.set(std::move(value));
            co_await create_task(turns(2));
        });
        co_await child;
        CHECK(!seen.expired());
        child = {};
        co_await turns(1);
        CHECK(seen.expired());
        auto token = shared.set(std::make_shared<int>(2));
        seen = shared.get();
        shared.reset(token);
        CHECK(seen.expired());
    });
}
