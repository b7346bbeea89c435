// Random programs of tasks that combine coroutines and cancel each other: the same events in the same order as CPython
// 3.13's asyncio, which random_combinations.py asked.
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/as_completed.hpp>
#include <girin/gather.hpp>
#include <girin/shield.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

// A leaf, or an operation, which may end in a number, and its operands.
struct node {
    int place = 0;
    std::string word;
    int number = 0;
    std::vector<node> operands;
};

class parser {
 public:
    explicit parser(const std::string& text) : in_(spaced(text)) {}

    node parse() {
        node parsed;
        parsed.place = places_++;
        parsed.word = next();
        if (parsed.word == "(") {
            parsed.word = next();
            while ((in_ >> std::ws).peek() != ')') parsed.operands.push_back(parse());
            next();
        }
        auto digits = parsed.word.find_first_of("0123456789");
        if (digits != std::string::npos) parsed.number = std::stoi(parsed.word.substr(digits));
        return parsed;
    }

 private:
    static std::string spaced(const std::string& text) {
        std::string spaced;
        for (char c : text) spaced += c == '(' || c == ')' ? std::string{' ', c, ' '} : std::string(1, c);
        return spaced;
    }
    std::string next() {
        std::string word;
        in_ >> word;
        return word;
    }

    std::istringstream in_;
    int places_ = 0;
};

std::string kind_of(const std::exception_ptr& raised) {
    if (!raised) return "";
    try {
        std::rethrow_exception(raised);
    } catch (const cancelled_error&) {
        return "C";
    } catch (const timeout_error&) {
        return "T";
    } catch (const exception_group& group) {
        std::string kinds;
        for (const auto& member : group.exceptions()) kinds += kind_of(member);
        return "[" + kinds + "]";
    } catch (const std::domain_error&) {
        return "V";
    }
}

struct world {
    std::deque<node> programs;
    std::vector<task<>> tops;
    std::string events;

    void note(const std::string& event) { events += event + ' '; }

    coro<> swallow(coro<> work) {
        try {
            co_await std::move(work);
        } catch (const cancelled_error&) {
        }
    }
    coro<> handle(coro<> work) {
        try {
            co_await std::move(work);
        } catch (const std::exception&) {
        }
    }
    coro<> leave_late(int lasts, int late) {
        std::exception_ptr raised;
        try {
            co_await turns(lasts);
        } catch (const cancelled_error&) {
            raised = std::current_exception();
        }
        if (!raised) co_return;
        co_await turns(late);
        std::rethrow_exception(raised);
    }

    coro<> perform_leaf(const node& leaf) {
        switch (leaf.word[0]) {
            case 's':
                co_await turns(leaf.number);
                break;
            case 'x':
                tops.at(static_cast<std::size_t>(leaf.number)).cancel();
                break;
            case 'c':
                co_await swallow(turns(leaf.number));
                break;
            case 'l':
                co_await leave_late(leaf.number, leaf.word.back() - '0');
                break;
            case 'f':
                co_await turns(leaf.number);
                throw std::domain_error("failed");
        }
    }

    std::vector<coro<>> coroutines(const node& n) {
        std::vector<coro<>> made;
        for (const node& operand : n.operands) made.push_back(evaluate(operand));
        return made;
    }
    std::vector<task<>> tasks(const node& n) {
        std::vector<task<>> made;
        for (const node& operand : n.operands) made.push_back(create_task(evaluate(operand)));
        return made;
    }

    coro<> perform_group(const node& n) {
        co_await task_group::run([&](task_group& group) -> coro<> {
            for (std::size_t i = 1; i < n.operands.size(); ++i) group.create_task(evaluate(n.operands[i]));
            co_await evaluate(n.operands[0]);
        });
    }
    coro<> perform_wait(const node& n, return_when mode) {
        auto made = tasks(n);
        auto result = co_await girin::wait(made, {.timeout = 4ms, .return_when = mode});
        note("d" + std::to_string(result.done.size()) + "p" + std::to_string(result.pending.size()));
        for (auto& t : result.pending) t.cancel();
        if (!result.pending.empty()) co_await girin::wait(result.pending);
    }
    coro<> perform_as_completed(const node& n) {
        for (auto&& next : as_completed(tasks(n), {.timeout = 4ms})) {
            std::exception_ptr raised;
            try {
                co_await std::move(next);
            } catch (const std::exception&) {
                raised = std::current_exception();
            }
            note("r" + kind_of(raised));
        }
    }

    coro<> perform(const node& n) {
        const std::string word = n.operands.empty() ? "" : n.word.substr(0, n.word.find_first_of("0123456789"));
        const auto delay = std::chrono::milliseconds(n.number);
        if (word.empty()) co_await perform_leaf(n);
        if (word == "group") co_await perform_group(n);
        if (word == "gather") co_await gather(coroutines(n));
        if (word == "settle") co_await gather(return_exceptions, coroutines(n));
        if (word == "wait.all") co_await perform_wait(n, all_completed);
        if (word == "wait.first") co_await perform_wait(n, first_completed);
        if (word == "wait.exception") co_await perform_wait(n, first_exception);
        if (word == "completed") co_await perform_as_completed(n);
        if (word == "shield") co_await shield(evaluate(n.operands[0]));
        if (word == "timeout") co_await timeout(delay, [&]() -> coro<> { co_await evaluate(n.operands[0]); });
        if (word == "wait_for") co_await wait_for(evaluate(n.operands[0]), delay);
        if (word == "bound") co_await wait_for(tasks(n)[0], delay);
        if (word == "task") co_await tasks(n)[0];
        if (word == "swallow") co_await swallow(evaluate(n.operands[0]));
        if (word == "handle") co_await handle(evaluate(n.operands[0]));
        if (word == "seq")
            for (const node& operand : n.operands) co_await evaluate(operand);
    }

    coro<> evaluate(const node& n) {
        std::exception_ptr raised;
        try {
            co_await perform(n);
        } catch (...) {
            raised = std::current_exception();
        }
        note(std::to_string(n.place) + kind_of(raised) + "/" + std::to_string(current_task().cancelling()));
        if (raised) std::rethrow_exception(raised);
    }
};

coro<> let_time_pass() {
    for (;;) {
        co_await sleep(0s);
        loop::running().advance(1ms);
    }
}

coro<std::string> events_of(std::string program) {
    constexpr std::string_view gap = " ; ";
    world w;
    loop::running().set_exception_handler([](loop&, const auto&) {});
    auto clock = create_task(let_time_pass());
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + gap.size()) {
        end = program.find(gap, begin);
        w.programs.push_back(parser(program.substr(begin, end - begin)).parse());
        w.tops.push_back(create_task(w.evaluate(w.programs.back())));
    }
    co_await turns(40);
    while (std::any_of(w.tops.begin(), w.tops.end(), [](const auto& t) { return !t.done(); })) {
        w.note("--");
        for (auto& t : w.tops) t.cancel();
        co_await turns(3);
    }
    co_await turns(30);
    for (auto& t : w.tops) {
        auto end = t.cancelled() ? "C" : kind_of(t.exception());
        w.note(end.empty() ? "ok" : end);
    }
    clock.cancel();
    co_return w.events.substr(0, w.events.size() - 1);
}

}  // namespace

TEST_CASE("random programs of groups, gathers, waits, shields and deadlines do what CPython's do") {
    std::ifstream file(GIRIN_TEST_TRACES "/random_combinations.txt");
    std::string program, expected;
    int programs = 0;
    while (std::getline(file, program) && std::getline(file, expected)) {
        auto events = run_virtual([&]() -> coro<std::string> { co_return co_await events_of(program); });
        INFO(program);
        CHECK(events == expected);
        ++programs;
    }
    CHECK(programs >= 100);
}
