#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/event.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

coro<> note_when_set(event e, std::string name, std::string& order) {
    co_await e.wait();
    order += name;
}

}  // namespace

TEST_CASE("17.01 wait on a set event returns without suspending") {
    run_virtual([]() -> coro<> {
        event e;
        CHECK_FALSE(e.is_set());
        e.set();
        turn_watch watch;
        co_await e.wait();
        CHECK_FALSE(watch.turned());
        CHECK(e.is_set());
    });
}

TEST_CASE("17.02 set wakes every waiter in order of arrival, and they run in the next turn, after the setter") {
    run_virtual([]() -> coro<> {
        event e;
        std::string order;
        for (const char* name : {"a", "b", "c"}) create_task(note_when_set(e, name, order));
        co_await turns(1);
        e.set();
        loop::running().call_soon([&] { order += " later"; });
        order += "setter ";
        co_await turns(1);
        CHECK(order == "setter abc later");
    });
}

TEST_CASE("17.03 set then clear in the same turn still wakes everyone who waited at that time") {
    run_virtual([]() -> coro<> {
        event e;
        std::string order;
        create_task(note_when_set(e, "a", order));
        create_task(note_when_set(e, "b", order));
        co_await turns(1);
        e.set();
        e.clear();
        auto late = create_task(note_when_set(e, "late", order));
        co_await turns(3);
        CHECK(order == "ab");
        CHECK_FALSE(late.done());
    });
}

TEST_CASE("17.04 repeated set is harmless, and clear does not touch waiters") {
    run_virtual([]() -> coro<> {
        event e;
        std::string order;
        auto t = create_task(note_when_set(e, "a", order));
        co_await turns(1);
        e.clear();
        co_await turns(2);
        CHECK_FALSE(t.done());
        e.set();
        e.set();
        e.clear();
        e.set();
        co_await t;
        CHECK(order == "a");
        CHECK(e.is_set());
    });
}

TEST_CASE("17.05 a cancelled waiter is removed and affects nobody else") {
    run_virtual([]() -> coro<> {
        event e;
        std::string order;
        std::vector<task<>> tasks;
        for (const char* name : {"a", "b", "c", "d"}) tasks.push_back(create_task(note_when_set(e, name, order)));
        co_await turns(1);
        tasks[1].cancel();
        co_await turns(1);
        CHECK(tasks[1].cancelled());
        tasks[2].cancel();
        e.set();
        tasks[3].cancel();
        co_await turns(1);
        CHECK(order == "a");
        CHECK(tasks[2].cancelled());
        CHECK(tasks[3].cancelled());
    });
}

TEST_CASE("waiting for an event from a second loop raises runtime_error") {
    event e;
    auto wait_in_vain = [&]() -> coro<> { co_await wait_for(e.wait(), 1s); };
    CHECK_THROWS_AS(run_virtual(wait_in_vain), timeout_error);
    CHECK_THROWS_WITH_AS(run_virtual(wait_in_vain),
                         "tasks of another event loop have waited here: a lock, event, condition, semaphore, barrier "
                         "or queue belongs to one loop, so make one for each",
                         std::runtime_error);
    e.set();
    run_virtual(wait_in_vain);
}

TEST_CASE("an event lives as long as somebody waits for it") {
    run_virtual([]() -> coro<> {
        std::string order;
        task<> woken, waiting;
        {
            event set, forgotten;
            woken = create_task(note_when_set(set, "set", order));
            waiting = create_task(note_when_set(forgotten, "forgotten", order));
            co_await turns(1);
            set.set();
        }
        co_await woken;
        CHECK(order == "set");
        waiting.cancel();
        co_await turns(1);
        CHECK(waiting.cancelled());
    });
}

TEST_CASE("a cancellation that is pending when the wait begins ends it at once") {
    run_virtual([]() -> coro<> {
        event e;
        auto cancels_itself = [&]() -> coro<> {
            current_task().cancel("mine");
            co_await e.wait();
        };
        auto t = create_task(cancels_itself());
        co_await turns(2);
        CHECK(t.cancelled());
        e.set();
    });
}

TEST_CASE("a cancellation that is taken back before the woken task runs is not raised") {
    run_virtual([]() -> coro<> {
        event e;
        std::string order;
        auto t = create_task(note_when_set(e, "a", order));
        co_await turns(1);
        e.set();
        t.cancel();
        t.uncancel();
        co_await t;
        CHECK(order == "a");
    });
}
