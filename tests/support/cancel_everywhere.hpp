// Cancels the tasks of a program at every await in turn, and looks for what hangs, fails, leaks or is left behind.
#pragma once

#include "tests/support/turns.hpp"
#include "tests/support/until.hpp"

#include <girin/coro.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

namespace girin::test {

using tasks_of = std::vector<task<>>;

// The frames of a program's tasks hold it, so that a frame which leaks shows.
using token = std::shared_ptr<int>;

inline bool all_done(const tasks_of& tasks) {
    return std::all_of(tasks.begin(), tasks.end(), [](const auto& t) { return t.done(); });
}

// Time moves a millisecond in every turn, so that deadlines fall between the other turns.
inline coro<> timed_turns(int n) {
    while (n-- > 0) {
        loop::running().advance(std::chrono::milliseconds(1));
        co_await sleep(std::chrono::seconds(0));
    }
}

// Counts those who are inside of something.
class visit {
 public:
    explicit visit(int& inside) : inside_(inside) { ++inside_; }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() { --inside_; }

 private:
    int& inside_;
};

// What programs inherit, and replace in part. A program has start(token), which makes its tasks, or run(token), which
// is its only one. A task may end with its cancellation, but with no other exception.
struct stress_program {
    // Before the tasks are made.
    coro<> prepare() { co_return; }
    // As soon as the tasks are seen to have ended, or to have settled.
    void check_end() {}
    // What must hold after that. Those of the tasks that are not done are cancelled behind it; then no other task and
    // no timer may be there.
    coro<> check(const tasks_of&) { co_return; }
};

// What is done to a program's tasks.
struct cancellations {
    bool pairs = false;     // any two in one run, or one twice; otherwise one in each run
    int again = -1;         // the second time comes 0, 1, ... up to so many turns after the first; -1: never
    int settled_after = 0;  // turns after which tasks that are not done wait for ever; 0: all have to end
};

// What is done in one run.
struct cancellation {
    bool before_the_tasks;  // in the order of a turn
    int turn;               // of the first, counted from the program's start
    std::size_t first, second;
    int gap;  // turns between the two; -1: there is no second
};

struct run_seen {
    std::size_t tasks;
    bool interrupted;  // whether there was something left to be cancelled
};

template <class Program>
tasks_of start(Program& program, const token& alive) {
    if constexpr (requires { program.start(alive); })
        return program.start(alive);
    else
        return {create_task(program.run(alive))};
}

template <class Program>
coro<run_seen> run_cancelled(cancellation at, int settled_after, const token& alive) {
    Program program;
    co_await program.prepare();
    tasks_of tasks;
    bool interrupted = false;
    auto canceller = [&]() -> coro<> {
        co_await turns(at.turn);
        interrupted = tasks[at.first].cancel();
        if (at.gap < 0) co_return;
        co_await turns(at.gap);
        if (tasks[at.second].cancel()) interrupted = true;
    };
    task<> cancels;
    if (at.before_the_tasks) cancels = create_task(canceller());
    tasks = start(program, alive);
    if (!at.before_the_tasks) cancels = create_task(canceller());

    // While a timer is armed, a loop whose time moves asks the kernel for I/O in each turn.
    auto armed = loop::running().call_later(std::chrono::hours(24), [] {});
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (int lasted = 0; !all_done(tasks); ++lasted) {
        if (settled_after > 0 && lasted == at.turn + settled_after) break;
        if (std::chrono::steady_clock::now() > deadline) FAIL("the program hangs");
        co_await timed_turns(1);
    }
    armed.cancel();
    program.check_end();
    co_await cancels;
    for (const auto& t : tasks)
        if (t.done() && !t.cancelled() && t.exception()) std::rethrow_exception(t.exception());
    co_await program.check(tasks);
    for (auto& t : tasks) t.cancel();
    co_await until([&] { return all_done(tasks); }, "the last tasks have ended");
    CHECK(all_tasks().size() == 1);
    CHECK(loop::running().figures().timers == 0);
    co_return run_seen{tasks.size(), interrupted};
}

// Runs the program once for every way to cancel its tasks at this turn, and adds to `runs`. Returns whether there was
// something left to be cancelled.
template <class Program>
bool cancel_at(int turn, bool before_the_tasks, const cancellations& how, int& runs) {
    bool interrupted = false;
    std::size_t tasks = 1;  // until the first run has told
    for (std::size_t first = 0; first < tasks; ++first)
        for (std::size_t second = first; second < (how.pairs ? tasks : first + 1); ++second)
            for (int gap = how.pairs ? 0 : -1; gap <= how.again; ++gap) {
                CAPTURE(before_the_tasks);
                CAPTURE(turn);
                CAPTURE(first);
                CAPTURE(second);
                CAPTURE(gap);
                auto alive = std::make_shared<int>();
                const cancellation at = {before_the_tasks, turn, first, second, gap};
                const auto seen = run(run_cancelled<Program>(at, how.settled_after, alive), {.virtual_time = true});
                CHECK(alive.use_count() == 1);
                tasks = seen.tasks;
                if (seen.interrupted) interrupted = true;
                ++runs;
            }
    return interrupted;
}

// Runs the program again and again, and cancels its tasks in its first turn, its second, and so on until they have
// ended by then or have settled; each time before them in the order of the turn, and after them. Returns how often it
// was run.
template <class Program>
int cancel_everywhere(const cancellations& how = {.again = 3}) {
    const bool settles = how.settled_after > 0;
    int runs = 0;
    for (const bool before_the_tasks : {true, false}) {
        int turn = 0;
        while (cancel_at<Program>(turn, before_the_tasks, how, runs) && !(settles && turn == how.settled_after))
            turn += settles ? 1 : 1 + turn / 32;  // the steps grow where threads make a program long
    }
    return runs;
}

}  // namespace girin::test
