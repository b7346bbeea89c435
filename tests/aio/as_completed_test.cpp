#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/as_completed.hpp>
#include <girin/sleep.hpp>
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

coro<int> after(std::chrono::seconds delay, int value) {
    co_await sleep(delay);
    co_return value;
}

coro<int> fails_after(std::chrono::seconds delay) {
    co_await sleep(delay);
    throw std::domain_error("failed");
}

std::vector<task<int>> three_tasks() {
    return {create_task(after(3s, 3)), create_task(after(1s, 1)), create_task(after(2s, 2))};
}

template <class Argument>
concept can_be_iterated = requires(Argument argument) { girin::as_completed(std::move(argument)); };

}  // namespace

TEST_CASE("11.01 plain iteration yields as many awaitables as there are inputs, each gives the next result") {
    run_virtual([]() -> coro<> {
        std::vector<int> results;
        int awaitables = 0;
        for (auto&& next : as_completed(three_tasks())) {
            ++awaitables;
            results.push_back(co_await std::move(next));
        }
        CHECK(awaitables == 3);
        CHECK(results == std::vector{1, 2, 3});
    });
}

TEST_CASE("11.02 they may be awaited in any order") {
    run_virtual([]() -> coro<> {
        using awaitable = decltype(*as_completed(three_tasks()).begin());
        std::vector<awaitable> all;
        for (auto&& next : as_completed(three_tasks())) all.push_back(std::move(next));
        std::vector<int> results;
        for (auto i = all.rbegin(); i != all.rend(); ++i) results.push_back(co_await std::move(*i));
        CHECK(results == std::vector{1, 2, 3});
    });
}

TEST_CASE("11.02 they may be awaited concurrently") {
    run_virtual([]() -> coro<> {
        std::vector<task<int>> readers;
        for (auto&& next : as_completed(three_tasks())) readers.push_back(create_task(std::move(next)));
        std::vector<int> results;
        for (auto& reader : readers) results.push_back(co_await reader);
        CHECK(results == std::vector{1, 2, 3});
    });
}

TEST_CASE("11.03 the asynchronous form yields the very tasks passed in, and new tasks for coroutines") {
    run_virtual([]() -> coro<> {
        auto tasks = three_tasks();
        auto all = as_completed(tasks);
        std::vector<task<int>> seen;
        while (auto done = co_await all.next()) seen.push_back(*done);
        CHECK(seen == std::vector{tasks[1], tasks[2], tasks[0]});

        std::vector<coro<int>> work;
        work.push_back(after(1s, 1));
        auto of_coroutines = as_completed(std::move(work));
        std::optional<task<int>> made = co_await of_coroutines.next();
        CHECK(made->result() == 1);
    });
}

TEST_CASE("11.04 a yielded future is done, its exception is raised by awaiting it, not by the iteration") {
    run_virtual([]() -> coro<> {
        auto all = as_completed({create_task(fails_after(1s)), create_task(after(2s, 2))});
        auto failed = co_await all.next();
        CHECK(failed->done());
        CHECK_THROWS_AS(co_await *failed, std::domain_error);
        auto ended = co_await all.next();
        CHECK(ended->result() == 2);
        auto none = co_await all.next();
        CHECK_FALSE(none);
    });
}

TEST_CASE("11.04 in the plain form the exception is raised by the awaitable") {
    run_virtual([]() -> coro<> {
        std::string events;
        for (auto&& next : as_completed({create_task(fails_after(1s)), create_task(after(2s, 2))})) {
            try {
                int number = co_await std::move(next);
                events += std::to_string(number);
            } catch (const std::domain_error& e) {
                events += e.what();
            }
        }
        CHECK(events == "failed2");
    });
}

TEST_CASE("11.05 the iterator is one-shot and resumable: breaking and iterating again continues") {
    run_virtual([]() -> coro<> {
        auto all = as_completed(three_tasks());
        std::vector<int> results;
        for (auto&& next : all) {
            results.push_back(co_await std::move(next));
            break;
        }
        while (auto done = co_await all.next()) {
            results.push_back(done->result());
            break;
        }
        for (auto&& next : all) results.push_back(co_await std::move(next));
        for (auto&& next : all) results.push_back(co_await std::move(next));
        CHECK(results == std::vector{1, 2, 3});
    });
}

TEST_CASE("11.06 duplicates are waited for once") {
    run_virtual([]() -> coro<> {
        auto a = create_task(after(1s, 1)), b = create_task(after(2s, 2));
        std::vector<int> results;
        for (auto&& next : as_completed({a, b, a, a, b})) results.push_back(co_await std::move(next));
        CHECK(results == std::vector{1, 2});
    });
}

TEST_CASE("11.07 timeout, plain form: every remaining awaitable raises timeout_error") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        std::string events;
        for (auto&& next : as_completed(three_tasks(), {.timeout = 1500ms})) {
            try {
                int number = co_await std::move(next);
                events += std::to_string(number);
            } catch (const timeout_error&) {
                events += "T";
            }
        }
        CHECK(events == "1TT");
        CHECK(loop::running().time() - start == 1500ms);
    });
}

TEST_CASE("11.07 timeout, asynchronous form: the iteration raises it") {
    run_virtual([]() -> coro<> {
        auto all = as_completed(three_tasks(), {.timeout = 1500ms});
        auto first = co_await all.next();
        CHECK(first->result() == 1);
        CHECK_THROWS_AS(co_await all.next(), timeout_error);
        CHECK_THROWS_AS(co_await all.next(), timeout_error);
        auto none = co_await all.next();
        CHECK_FALSE(none);
    });
}

TEST_CASE("11.07 what was done in time is given although it is asked for later") {
    run_virtual([]() -> coro<> {
        auto all = as_completed(three_tasks(), {.timeout = 1500ms});
        co_await sleep(1h);
        auto first = co_await all.next();
        CHECK(first->result() == 1);
        CHECK_THROWS_AS(co_await all.next(), timeout_error);
    });
}

TEST_CASE("11.08 neither timeout nor abandoning the iterator cancels the inputs") {
    run_virtual([]() -> coro<> {
        auto tasks = three_tasks();
        {
            auto all = as_completed(tasks, {.timeout = 500ms});
            CHECK_THROWS_AS(co_await all.next(), timeout_error);
        }
        {
            auto abandoned = as_completed(tasks);
        }
        co_await sleep(5s);
        for (auto& t : tasks) {
            CHECK(t.done());
            CHECK(t.cancelling() == 0);
        }
    });
}

TEST_CASE("11.09 the timer is cancelled once all inputs are done, so no stale timer delays the loop's end") {
    loop l({.virtual_time = true});
    auto start = l.time();
    l.run_until_complete([]() -> coro<> {
        auto all = as_completed(three_tasks(), {.timeout = 1h});
        co_await sleep(4s);
        for (auto&& next : all) co_await std::move(next);
    }());
    CHECK(l.time() - start == 4s);
    // With nothing left, virtual time cannot move: the loop says so instead of waiting for the hour to pass.
    CHECK_THROWS_AS(l.run_forever(), std::logic_error);
    CHECK(l.time() - start == 4s);
}

TEST_CASE("11.10 all coroutines are started when as_completed is called, not at first iteration") {
    run_virtual([]() -> coro<> {
        std::string started;
        std::vector<coro<int>> work;
        auto body = [&](char name) -> coro<int> {
            started += name;
            co_return 0;
        };
        for (char name : {'a', 'b', 'c'}) work.push_back(body(name));
        auto all = as_completed(std::move(work));
        CHECK(started.empty());
        co_await turns(1);
        CHECK(started == "abc");
    });
}

TEST_CASE("11.11 a future or coroutine given instead of an iterable does not compile, empty input gives nothing") {
    static_assert(can_be_iterated<std::vector<coro<int>>>);
    static_assert(!can_be_iterated<coro<int>>);
    static_assert(!can_be_iterated<task<int>>);
    run_virtual([]() -> coro<> {
        auto none = as_completed(std::vector<task<int>>(), {.timeout = 1s});
        CHECK(none.begin() == none.end());
        auto next = co_await none.next();
        CHECK_FALSE(next);
    });
}

TEST_CASE("a next() that is cancelled has taken nothing") {
    run_virtual([]() -> coro<> {
        auto all = as_completed(three_tasks());
        CHECK_THROWS_AS(co_await wait_for(all.next(), 500ms), timeout_error);
        for (auto&& next : all) {
            CHECK_THROWS_AS(co_await wait_for(std::move(next), 100ms), timeout_error);
            break;
        }
        std::vector<int> results;
        while (auto done = co_await all.next()) results.push_back(done->result());
        CHECK(results == std::vector{1, 2, 3});
    });
}

TEST_CASE("one that is cancelled after it was woken passes the wake-up on") {
    run_virtual([]() -> coro<> {
        auto a = create_future<int>(), b = create_future<int>();
        auto all = as_completed({a, b});
        auto first = create_task(all.next()), second = create_task(all.next());
        co_await turns(1);
        a.set_result(1);
        co_await turns(1);
        first.cancel();
        auto done = co_await second;
        CHECK(*done == a);
        CHECK_THROWS_AS(co_await first, cancelled_error);
        b.set_result(2);
        auto last = co_await all.next();
        CHECK(*last == b);
    });
}

TEST_CASE("results may be nothing, references, and move-only, and are copied only from what others hold") {
    run_virtual([]() -> coro<> {
        int object = 1;
        auto reference = create_task([&]() -> coro<int&> { co_return object; });
        for (auto&& next : as_completed({reference})) {
            int& same = co_await std::move(next);
            CHECK(&same == &object);
        }
        for (auto&& next : as_completed({create_task(turns(1))})) co_await std::move(next);
        auto owner = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); };
        for (auto&& next : as_completed({create_task(owner())})) {
            auto owned = co_await std::move(next);
            CHECK(*owned == 2);
        }
        auto held = create_task([]() -> coro<std::string> { co_return std::string(100, 'x'); });
        for (auto&& next : as_completed({held})) {
            auto copied = co_await std::move(next);
            CHECK(copied.size() == 100);
        }
        CHECK(held.result().size() == 100);
    });
}

TEST_CASE("tasks of several types can be iterated as any_task") {
    run_virtual([]() -> coro<> {
        auto number = create_task(after(2s, 1));
        auto nothing = create_task(turns(1));
        auto all = as_completed(std::vector<any_task>{number, nothing});
        auto first = co_await all.next();
        CHECK(*first == nothing);
        auto second = co_await all.next();
        CHECK(*second == number);
    });
}

TEST_CASE("iterations that are not finished are freed when their loop is closed") {
    auto alive = std::make_shared<int>();
    std::optional<completions<task<>>> outlives;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            auto t = create_task([](std::shared_ptr<int>) -> coro<> { co_await sleep(1h); }, alive);
            outlives = as_completed({t}, {.timeout = 2h});
            create_task([t](std::shared_ptr<int>) -> coro<> { co_await as_completed({t}).next(); }, alive);
            loop::running().call_later(1ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
    outlives.reset();
}
