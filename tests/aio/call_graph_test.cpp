#include "tests/support/compiler.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/async_generator.hpp>
#include <girin/call_graph.hpp>
#include <girin/gather.hpp>
#include <girin/shield.hpp>
#include <girin/sleep.hpp>
#include <girin/staggered_race.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::anonymous;
using girin::test::begins_at_its_end;
using girin::test::run_virtual;
using girin::test::tells_types;
using girin::test::turns;

namespace {

// The stack as "line 40 in inner, line 44 in outer"; lines are those of this file, counted from `first`.
std::string text(const std::vector<std::source_location>& stack, unsigned first) {
    std::string all;
    for (const auto& frame : stack) {
        const std::string_view name = frame.function_name();
        std::string_view known = "?";
        for (std::string_view candidate : {"innermost", "middle", "outermost", "numbers", "consumes", "waits_for"})
            if (name.find(candidate) != name.npos) known = candidate;
        all += (all.empty() ? "" : ", ") + std::string(known) + ":" + std::to_string(frame.line() - first);
    }
    return all;
}

constexpr unsigned here = std::source_location::current().line();
coro<> innermost(future<> gate) {
    co_await gate;
}
coro<> middle(future<> gate) {
    co_await sleep(0s);
    co_await innermost(gate);
}
coro<> outermost(future<> gate) {
    co_await middle(gate);
}
async_generator<int> numbers(future<> gate) {
    co_yield 1;
    co_await gate;
    co_yield 2;
}
coro<> consumes(future<> gate) {
    auto source = numbers(gate);
    while (auto number = co_await source.next()) co_await sleep(0s);
}
coro<> waits_for(task<> other) {
    co_await other;
}
coro<> innermost_fails(future<> gate) {
    co_await gate;
    throw std::domain_error("failed");
}
coro<> middle_fails(future<> gate) {
    co_await innermost_fails(gate);
}
coro<> outermost_fails(future<> gate) {
    co_await middle_fails(gate);
}

std::string waiters_of(const call_graph& graph) {
    std::string all;
    for (const call_graph& waiter : graph.awaited_by) {
        all += (all.empty() ? "" : " ") + waiter.task_name.value_or("future");
        if (!waiter.awaited_by.empty()) all += "(" + waiters_of(waiter) + ")";
    }
    return all;
}

}  // namespace

TEST_CASE("a suspended task shows each of its coroutines and the line where it waits, innermost first") {
    run_virtual([]() -> coro<> {
        auto gate = create_future();
        auto waiting = create_task(outermost(gate));
        CHECK(text(waiting.get_stack(), here) == (begins_at_its_end ? "outermost:10" : "outermost:8"));
        co_await turns(1);
        CHECK(text(waiting.get_stack(), here) == "middle:5, outermost:9");
        co_await turns(2);
        CHECK(text(waiting.get_stack(), here) == "innermost:2, middle:6, outermost:9");
        gate.set_result();
        co_await waiting;
        CHECK(waiting.get_stack().empty());
    });
}

TEST_CASE("a generator stands in the stack of whoever waits for its next value, and only then") {
    run_virtual([]() -> coro<> {
        auto gate = create_future();
        auto waiting = create_task(consumes(gate));
        co_await turns(1);
        CHECK(text(waiting.get_stack(), here) == "consumes:18");
        co_await turns(1);
        CHECK(text(waiting.get_stack(), here) == "numbers:13, consumes:18");
        gate.set_result();
        co_await waiting;
    });
}

TEST_CASE("a generator and its consumer may be dropped in either order while it waits") {
    for (bool generator_first : {true, false}) {
        std::unique_ptr<async_generator<int>> source;
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        auto consume = [&]() -> coro<> {
            while (co_await source->next()) {
            }
        };
        auto main = [&]() -> coro<> {
            source = std::make_unique<async_generator<int>>(numbers(create_future()));
            create_task(consume());
            co_await turns(3);
        };
        l.run_until_complete(main());
        if (generator_first) source.reset();
        l.close();
    }
}

TEST_CASE("every task that awaits another one is among those that it is awaited by") {
    run_virtual([]() -> coro<> {
        auto gate = create_future();
        auto awaited = create_task(outermost(gate));
        auto first = create_task(waits_for(awaited), {.name = "first"});
        auto second = create_task(waits_for(awaited), {.name = "second"});
        auto third = create_task(waits_for(first), {.name = "third"});
        co_await turns(3);
        const call_graph graph = capture_call_graph(awaited);
        CHECK(waiters_of(graph) == "first(third) second");
        CHECK(text(graph.awaited_by.at(0).call_stack, here) == "waits_for:21");
        gate.set_result();
        co_await gather(second, third);
        CHECK(waiters_of(capture_call_graph(awaited)) == "");
    });
}

TEST_CASE("gather, wait, shield and task groups show who waits through them") {
    run_virtual([]() -> coro<> {
        auto gate = create_future();
        auto awaited = create_task(outermost(gate));
        auto gathers = create_task([](task<> t) -> coro<> { co_await gather(t, sleep(1s)); }, awaited);
        gathers.set_name("gathers");
        auto waits = create_task(
            [](task<> t) -> coro<> {
                std::vector<task<>> all{t};
                co_await wait(all);
            },
            awaited);
        waits.set_name("waits");
        auto shields = create_task([](task<> t) -> coro<> { co_await shield(t); }, awaited);
        shields.set_name("shields");
        co_await turns(3);
        CHECK(waiters_of(capture_call_graph(awaited)) == "future(gathers) waits future(shields)");

        task<> child;
        auto groups = create_task([&]() -> coro<> {
            co_await task_group::run([&](task_group& group) -> coro<> {
                child = group.create_task(outermost(gate));
                co_return;
            });
        });
        groups.set_name("groups");
        co_await turns(3);
        CHECK(waiters_of(capture_call_graph(child)) == "groups");
        gate.set_result();
        co_await gather(gathers, waits, shields, groups);
        CHECK(waiters_of(capture_call_graph(awaited)).empty());
        CHECK(waiters_of(capture_call_graph(child)).empty());
    });
}

TEST_CASE("tasks that await each other in a ring are shown once") {
    run_virtual([]() -> coro<> {
        task<> second;
        auto await_second = [&]() -> coro<> { co_await second; };
        auto first = create_task(await_second(), {.name = "first"});
        second = create_task(waits_for(first), {.name = "second"});
        co_await turns(2);
        CHECK(waiters_of(capture_call_graph(first)) == "second(first)");
        first.cancel();
        co_await gather(return_exceptions, first, second);
    });
}

TEST_CASE("a limit keeps the outermost frames, a negative one the innermost, none no stack") {
    run_virtual([]() -> coro<> {
        auto gate = create_future();
        auto waiting = create_task(outermost(gate));
        co_await turns(3);
        CHECK(text(capture_call_graph(waiting, 1).call_stack, here) == "outermost:9");
        CHECK(text(capture_call_graph(waiting, 9).call_stack, here) == "innermost:2, middle:6, outermost:9");
        CHECK(text(capture_call_graph(waiting, -2).call_stack, here) == "innermost:2, middle:6");
        CHECK(capture_call_graph(waiting, 0).call_stack.empty());
        gate.set_result();
        co_await waiting;
    });
}

TEST_CASE("without an argument it is the current task, nothing in a callback, and an error without a loop") {
    CHECK_THROWS_AS(capture_call_graph(), std::runtime_error);
    run_virtual([]() -> coro<> {
        current_task().set_name("me");
        const auto own = capture_call_graph();
        REQUIRE(own);
        CHECK(own->task_name == "me");
        CHECK_FALSE(own->call_stack.empty());
        bool any = true;
        loop::running().call_soon([&] { any = capture_call_graph().has_value(); });
        co_await turns(1);
        CHECK_FALSE(any);
    });
}

TEST_CASE("a call graph is printed as asyncio prints it") {
    const std::string file = std::source_location::current().file_name();
    run_virtual([&]() -> coro<> {
        auto gate = create_future();
        auto waiting = create_task(outermost(gate), {.name = "waiting"});
        auto other = create_task(waits_for(waiting), {.name = "other"});
        co_await turns(3);
        std::string text = format_call_graph(capture_call_graph(waiting));
        for (std::size_t at; (at = text.find("id=0x")) != text.npos;) text.replace(at, text.find(')', at) - at, "id");
        const auto frame = [&](unsigned number, const std::string& function) {
            return "|   File '" + file + "', line " + std::to_string(here + number) + ", in async " + function + "()\n";
        };
        CHECK(text + '\n' ==
              "* Task(name='waiting', id)\n"
              "  + Call stack:\n"
              "  " +
                  frame(2, anonymous + "innermost") + "  " + frame(6, anonymous + "middle") + "  " +
                  frame(9, anonymous + "outermost") +
                  "  + Awaited by:\n"
                  "    * Task(name='other', id)\n"
                  "      + Call stack:\n"
                  "      " +
                  frame(21, anonymous + "waits_for"));
        gate.set_result();
        co_await other;
    });
}

TEST_CASE("an exception that leaves a task carries the coroutines that it has left, from where it was raised") {
    run_virtual([]() -> coro<> {
        auto gate = create_future();
        auto failing = create_task(outermost_fails(gate));
        auto waiting = create_task(waits_for(failing));
        co_await turns(2);
        gate.set_result();
        co_await gather(return_exceptions, waiting);
        CHECK(text(failing.get_stack(), here) == "innermost:24, middle:28, outermost:31");
        CHECK(text(waiting.get_stack(), here) == "innermost:24, middle:28, outermost:31, waits_for:21");
    });
}

TEST_CASE("an exception that was handled on the way leaves no trace in the next one") {
    run_virtual([]() -> coro<> {
        auto program = []() -> coro<> {
            auto gate = create_future();
            gate.set_result();
            try {
                co_await outermost_fails(gate);
            } catch (const std::domain_error&) {
            }
            co_await sleep(0s);
            co_await innermost_fails(gate);
        };
        auto failing = create_task(program);
        co_await gather(return_exceptions, failing);
        CHECK(failing.get_stack().size() == 3);
        CHECK(text(failing.get_stack(), here).starts_with("innermost:24"));
    });
}

TEST_CASE("the report of an exception that nobody has looked at says where it came from") {
    std::vector<exception_context> reports;
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto& context) { reports.push_back(context); });
        auto gate = create_future();
        create_task(outermost_fails(gate));
        co_await turns(2);
        gate.set_result();
        co_await turns(3);
    });
    REQUIRE(reports.size() == 1);
    CHECK(text(reports[0].call_stack, here) == "innermost:24, middle:28, outermost:31");
}

TEST_CASE("a coroutine that has returned is in no stack any more") {
    run_virtual([]() -> coro<> {
        auto gives = []() -> coro<std::chrono::seconds> { co_return 1s; };
        auto program = [&]() -> coro<> { co_await sleep(co_await gives()); };
        auto waiting = create_task(program());
        co_await turns(2);
        CHECK(waiting.get_stack().size() == 1);
        co_await waiting;
    });
}

TEST_CASE("27.01 the attempts of a race show who waits for them, also before all have been begun") {
    run_virtual([]() -> coro<> {
        any_task attempt;
        auto slow = [&]() -> coro<> {
            attempt = current_task();
            co_await sleep(10s);
        };
        auto race = [&]() -> coro<> { co_await staggered_race(std::vector<decltype(slow)>{slow}, 1h); };
        auto racing = create_task(race(), {.name = "racing"});
        co_await turns(3);
        CHECK(waiters_of(capture_call_graph(attempt)) == "racing");
        co_await racing;
        CHECK(waiters_of(capture_call_graph(attempt)).empty());
    });
}

TEST_CASE("27.06 print_call_graph writes the call graph to a file") {
    run_virtual([]() -> coro<> {
        auto waiting = create_task(outermost(create_future()), {.name = "waiting"});
        co_await turns(3);
        std::FILE* file = std::tmpfile();
        REQUIRE(file);
        print_call_graph(waiting, file);
        std::rewind(file);
        std::string all(4096, '\0');
        all.resize(std::fread(all.data(), 1, all.size(), file));
        std::fclose(file);
        CHECK(all == format_call_graph(capture_call_graph(waiting)) + '\n');
        waiting.cancel();
    });
}

TEST_CASE("27.06 a generator is shown as one, where the compiler tells what a function returns") {
    run_virtual([]() -> coro<> {
        auto waiting = create_task(consumes(create_future()));
        co_await turns(3);
        const std::string shown = (tells_types ? "in async generator " : "in async ") + anonymous + "numbers()";
        CHECK(format_call_graph(capture_call_graph(waiting)).find(shown) != std::string::npos);
        waiting.cancel();
    });
}

TEST_CASE("27.07 what a group does in its own name is among the frames") {
    run_virtual([]() -> coro<> {
        task<> child;
        auto grouping = create_task([&]() -> coro<> {
            co_await task_group::run([&](task_group& group) -> coro<> {
                child = group.create_task(sleep(1h));
                co_return;
            });
        });
        co_await turns(3);
        CHECK(format_call_graph(capture_call_graph(child)).find("task_group::run") != std::string::npos);
        grouping.cancel();
        co_await wait({grouping});
    });
}
