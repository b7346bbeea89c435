// Random programs of tasks that share things and cancel each other: the same events in the same order as CPython 3.13's
// asyncio, which random_programs.py asked.
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/barrier.hpp>
#include <girin/condition.hpp>
#include <girin/event.hpp>
#include <girin/lock.hpp>
#include <girin/queue.hpp>
#include <girin/semaphore.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace girin;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

struct world {
    world(int permits, int maxsize, int parties) : s(permits), q(maxsize), b(parties) {}

    lock k;
    semaphore s;
    event e;
    condition c;
    queue<int> q;
    barrier b;
    std::vector<task<>> tasks;
    int items = 0;
    std::string events;

    // Released by hand: a guard does not raise when somebody else has released its lock, as __aexit__ does.
    coro<> hold_lock() {
        co_await k.acquire();
        std::exception_ptr raised;
        try {
            co_await turns(1);
        } catch (const cancelled_error&) {
            raised = std::current_exception();
        }
        k.release();
        if (raised) std::rethrow_exception(raised);
    }
    coro<> hold_permit() {
        auto permit = co_await s.acquire_guard();
        co_await turns(1);
    }
    coro<> wait_for_notification() {
        auto held = co_await c.acquire_guard();
        co_await c.wait();
    }
    coro<> notify() {
        auto held = co_await c.acquire_guard();
        c.notify();
        co_await turns(1);
    }
    coro<> notify_all() {
        auto held = co_await c.acquire_guard();
        c.notify_all();
    }

    // What Python's returns, as text.
    coro<std::string> perform(const std::string& operation) {
        if (operation == "sleep") co_await turns(1);
        if (operation == "acquire") co_await k.acquire();
        if (operation == "release") k.release();
        if (operation == "with") co_await hold_lock();
        if (operation == "s.acquire") co_await s.acquire();
        if (operation == "s.release") s.release();
        if (operation == "s.with") co_await hold_permit();
        if (operation == "e.wait") co_await e.wait();
        if (operation == "e.set") e.set();
        if (operation == "e.clear") e.clear();
        if (operation == "c.wait") co_await wait_for_notification();
        if (operation == "c.notify") co_await notify();
        if (operation == "c.notify_all") co_await notify_all();
        if (operation == "put") co_await q.put(++items);
        if (operation == "put_nowait") q.put_nowait(++items);
        if (operation == "task_done") q.task_done();
        if (operation == "join") co_await q.join();
        if (operation == "shutdown") q.shutdown();
        if (operation == "shutdown_now") q.shutdown(immediate);
        if (operation == "b.reset") co_await b.reset();
        if (operation == "b.abort") co_await b.abort();
        if (operation == "get_nowait") co_return std::to_string(q.get_nowait());
        if (operation == "get") {
            int item = co_await q.get();
            co_return std::to_string(item);
        }
        if (operation == "b.wait") {
            std::size_t index = co_await b.wait();
            co_return std::to_string(index);
        }
        if (operation.starts_with("cancel")) co_return tasks[std::stoul(operation.substr(6))].cancel() ? "1" : "0";
        co_return "";
    }

    coro<std::string> outcome_of(const std::string& operation) {
        try {
            co_return co_await perform(operation);
        } catch (const cancelled_error&) {
            co_return "cancelled";
        } catch (const queue_full&) {
            co_return "full";
        } catch (const queue_empty&) {
            co_return "empty";
        } catch (const queue_shut_down&) {
            co_return "shut_down";
        } catch (const broken_barrier_error&) {
            co_return "broken";
        } catch (const std::invalid_argument&) {
            co_return "invalid";
        } catch (const std::runtime_error&) {
            co_return "runtime";
        }
    }

    coro<> body(std::size_t name, std::string operations) {
        std::istringstream in(operations);
        std::string operation;
        for (int place = 0; in >> operation; ++place) {
            auto result = co_await outcome_of(operation);
            std::ostringstream event;
            event << name << operation << place << result << '/' << k.locked() << s.locked() << q.qsize()
                  << b.n_waiting() << c.locked() << ' ';
            events += event.str();
        }
    }
};

std::vector<std::string> split(const std::string& program) {
    constexpr std::string_view gap = " ; ";
    std::vector<std::string> parts;
    for (std::size_t begin = 0;;) {
        std::size_t end = program.find(gap, begin);
        parts.push_back(program.substr(begin, end - begin));
        if (end == std::string::npos) return parts;
        begin = end + gap.size();
    }
}

coro<std::string> events_of(std::string program) {
    auto parts = split(program);
    int permits = 0, maxsize = 0, parties = 0;
    std::istringstream(parts[0]) >> permits >> maxsize >> parties;
    world w(permits, maxsize, parties);
    for (std::size_t i = 1; i < parts.size(); ++i) w.tasks.push_back(create_task(w.body(i - 1, parts[i])));
    co_await turns(40);
    while (std::any_of(w.tasks.begin(), w.tasks.end(), [](const auto& t) { return !t.done(); })) {
        w.events += "-- ";
        for (auto& t : w.tasks) t.cancel();
        co_await turns(1);
    }
    int free = 0;
    for (; !w.s.locked(); ++free) co_await w.s.acquire();
    std::ostringstream end;
    end << w.k.locked() << free << w.e.is_set() << w.q.qsize() << w.b.n_waiting() << w.b.broken() << w.c.locked();
    co_return w.events + end.str();
}

}  // namespace

TEST_CASE("random programs of locks, events, conditions, semaphores, queues and barriers do what CPython's do") {
    std::ifstream file(GIRIN_TEST_TRACES "/random_programs.txt");
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
