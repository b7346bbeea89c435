#include "tests/support/run_virtual.hpp"
#include "tests/support/streams.hpp"

#include <girin/as_completed.hpp>
#include <girin/open_connection.hpp>
#include <girin/sleep.hpp>
#include <girin/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::io_turns;
using girin::test::local_pair;
using girin::test::run_virtual;

namespace {

// Counts from 1, one a second, without end; notes that it was closed, which takes a second.
async_generator<int> numbers(std::string& events, std::string name = "closed", loop::duration pause = 1s) {
    std::exception_ptr raised;
    try {
        for (int i = 1;; ++i) {
            co_await sleep(pause);
            co_yield i;
        }
    } catch (...) {
        raised = std::current_exception();
    }
    co_await sleep(1s);
    events += name;
    std::rethrow_exception(raised);
}

async_generator<int> up_to(int n, loop::duration pause = 0s) {
    for (int i = 1; i <= n; ++i) {
        co_await sleep(pause);
        co_yield i;
    }
}

async_generator<int> fails_after(int n) {
    for (int i = 1; i <= n; ++i) co_yield i;
    throw std::domain_error("source");
}

GIRIN_CORO_WRAPPER async_generator<std::vector<int>> chain(async_generator<int> source) {
    auto same = [](int i) { return i; };
    auto all = [](int) { return true; };
    return stream::batched(stream::take(stream::filter(stream::map(std::move(source), same), all), 100), 2);
}

template <class Stream>
coro<std::vector<typename Stream::value_type>> all_of(Stream stream) {
    std::vector<typename Stream::value_type> items;
    while (auto item = co_await stream.next()) items.push_back(*std::move(item));
    co_return items;
}

coro<int> later(int n) {
    co_await sleep(1s);
    co_return 10 * n;
}

}  // namespace

TEST_CASE("map gives what a function, or the coroutine that it returns, makes of each item") {
    run_virtual([]() -> coro<> {
        auto plain = co_await all_of(stream::map(up_to(3), [](int i) { return std::to_string(i); }));
        CHECK(plain == std::vector<std::string>{"1", "2", "3"});
        auto awaited = co_await all_of(stream::map(up_to(3), later));
        CHECK(awaited == std::vector{10, 20, 30});
        auto owners = co_await all_of(stream::map(up_to(1), [](int i) { return std::make_unique<int>(i); }));
        CHECK(*owners.at(0) == 1);
        auto moved = stream::map(stream::map(up_to(1), [](int i) { return std::make_unique<int>(i); }),
                                 [](std::unique_ptr<int> p) { return *p + 1; });
        auto two = co_await moved.next();
        CHECK(two == 2);
    });
}

TEST_CASE("filter gives the items that a predicate wants") {
    run_virtual([]() -> coro<> {
        auto even = co_await all_of(stream::filter(up_to(6), [](int i) { return i % 2 == 0; }));
        CHECK(even == std::vector{2, 4, 6});
        auto odd = [](int i) -> coro<bool> {
            co_await sleep(1s);
            co_return i % 2 == 1;
        };
        auto odds = co_await all_of(stream::filter(up_to(6), odd));
        CHECK(odds == std::vector{1, 3, 5});
    });
}

TEST_CASE("take gives the first items, closes its source, and asks it for no more") {
    run_virtual([]() -> coro<> {
        std::string events;
        auto two = co_await all_of(stream::take(numbers(events), 2));
        CHECK(two == std::vector{1, 2});
        CHECK(events == "closed");
        auto none = co_await all_of(stream::take(numbers(events), 0));
        CHECK(none.empty());
        CHECK(events == "closed");  // what was never started has nothing to clean up
        auto short_one = co_await all_of(stream::take(up_to(2), 5));
        CHECK(short_one.size() == 2);
    });
}

TEST_CASE("batched gives vectors, the last of which may be short") {
    run_virtual([]() -> coro<> {
        auto batches = co_await all_of(stream::batched(up_to(5), 2));
        CHECK(batches == std::vector<std::vector<int>>{{1, 2}, {3, 4}, {5}});
        auto exact = co_await all_of(stream::batched(up_to(4), 2));
        CHECK(exact.size() == 2);
        auto nothing = co_await all_of(stream::batched(up_to(0), 2));
        CHECK(nothing.empty());
        CHECK_THROWS_AS(co_await all_of(stream::batched(up_to(1), 0)), std::invalid_argument);
    });
}

TEST_CASE("timeout lets each item come in time, and closes the source of one that does not") {
    run_virtual([]() -> coro<> {
        std::string events;
        auto in_time = co_await all_of(stream::take(stream::timeout(2s, numbers(events)), 5));
        CHECK(in_time.size() == 5);
        CHECK(events == "closed");
        auto slow = stream::timeout(1s, numbers(events, " late", 2s));
        CHECK_THROWS_AS(co_await slow.next(), timeout_error);
        CHECK(events == "closed late");
        auto end = co_await slow.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("merge gives the items of all sources as they come") {
    run_virtual([]() -> coro<> {
        auto label = [](std::string name) { return [name](int i) { return name + std::to_string(i); }; };
        auto merged = stream::merge(stream::map(up_to(3, 2s), label("a")), stream::map(up_to(2, 2500ms), label("b")));
        auto start = loop::running().time();
        std::string order;
        while (auto item = co_await merged.next()) order += *item + " ";
        CHECK(order == "a1 b1 a2 b2 a3 ");
        CHECK(loop::running().time() - start == 6s);
    });
}

TEST_CASE("merge raises what one of its sources raises, when the others have been closed") {
    run_virtual([]() -> coro<> {
        std::string events;
        auto merged = stream::merge(numbers(events, "a"), fails_after(1), numbers(events, "b", 500ms));
        auto first = co_await merged.next();
        CHECK(first == 1);
        CHECK_THROWS_AS(co_await merged.next(), std::domain_error);
        CHECK(events.size() == 2);
        auto end = co_await merged.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("merge closes its sources when it is closed, and when its task is cancelled") {
    run_virtual([]() -> coro<> {
        std::string events;
        auto closed = stream::merge(numbers(events, "a"), numbers(events, "b"));
        co_await closed.next();
        co_await closed.aclose();
        CHECK(events.size() == 2);
        auto cancelled = stream::merge(numbers(events, "c", 1h), numbers(events, "d", 1h));
        auto t = create_task([&]() -> coro<> { co_await cancelled.next(); });
        co_await sleep(1s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK(events.size() == 4);
    });
}

TEST_CASE("a merge that is dropped cancels its tasks, which close their sources") {
    run_virtual([]() -> coro<> {
        std::string events;
        {
            auto dropped = stream::merge(numbers(events, "a"), numbers(events, "b"));
            co_await dropped.next();
        }
        co_await sleep(2s);
        CHECK(events.size() == 2);
        CHECK(all_tasks().size() == 1);
    });
}

TEST_CASE("a merge is one item ahead of who asks, and not more") {
    run_virtual([]() -> coro<> {
        int made = 0;
        auto source = [](int& n) -> async_generator<int> {
            for (;;) co_yield ++n;
        };
        auto merged = stream::merge(source(made));
        co_await merged.next();
        co_await sleep(1s);
        CHECK(made <= 3);  // the one given, one in the queue, and one that waits to be
        co_await merged.aclose();
    });
}

TEST_CASE("whatever ends a stream closes its source, through as many streams as there are") {
    run_virtual([]() -> coro<> {
        std::string events;
        auto closed = chain(numbers(events, "closed "));
        co_await closed.next();
        co_await closed.aclose();
        CHECK(events == "closed ");

        auto cancelled = chain(numbers(events, "cancelled "));
        auto t = create_task([&]() -> coro<> {
            while (co_await cancelled.next()) {
            }
        });
        co_await sleep(5s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK(events == "closed cancelled ");

        auto failing = stream::map(numbers(events, "failed "), [](int i) -> int {
            if (i == 2) throw std::domain_error("function");
            return i;
        });
        co_await failing.next();
        CHECK_THROWS_AS(co_await failing.next(), std::domain_error);
        CHECK(events == "closed cancelled failed ");

        auto alive = std::make_shared<int>();
        {
            auto dropped = stream::map(up_to(3), [alive](int i) { return i; });
            co_await dropped.next();
            CHECK(alive.use_count() == 2);
        }
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("an exception of the source comes through, after what came before it") {
    run_virtual([]() -> coro<> {
        auto failing = stream::map(fails_after(1), [](int i) { return i; });
        auto one = co_await failing.next();
        CHECK(one == 1);
        CHECK_THROWS_AS(co_await failing.next(), std::domain_error);
        auto end = co_await failing.next();
        CHECK_FALSE(end);
    });
}

TEST_CASE("anything with a next is a source") {
    run_virtual([]() -> coro<> {
        auto tasks = std::vector{create_task(later(3)), create_task(later(4))};
        auto values = stream::map(as_completed(tasks), [](task<int> t) -> coro<int> { co_return co_await t; });
        auto all = co_await all_of(std::move(values));
        CHECK(all == std::vector{30, 40});
    });
}

TEST_CASE("a stream may go with its loop while it waits") {
    auto alive = std::make_shared<int>();
    {
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(
                [](std::shared_ptr<int> owned) -> coro<> {
                    auto keep = [owned](int i) { return i; };
                    auto s = stream::merge(stream::map(up_to(5, 1h), keep),
                                           stream::timeout(2h, stream::map(up_to(5, 1h), keep)));
                    while (co_await s.next()) {
                    }
                },
                alive);
            loop::running().call_later(1h + 1s, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("a stream may outlive its loop") {
    std::optional<async_generator<int>> kept;
    {
        loop l({.virtual_time = true});
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            kept.emplace(stream::merge(up_to(5, 1s), stream::timeout(2h, up_to(5, 1h))));
            create_task([&]() -> coro<> { co_await kept->next(); });
            loop::running().call_later(2s, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    kept.reset();
}

TEST_CASE("the lines of a stream_reader are a source") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto lengths = stream::map(stream::filter(ours.reader, [](const std::string& line) { return line != "\n"; }),
                                   [](std::string line) { return static_cast<int>(line.size()); });
        theirs.send("one\n\nthree\nlast");
        theirs.send_fin();
        auto all = co_await all_of(std::move(lengths));
        CHECK(all == std::vector{4, 6, 4});
    });
}

TEST_CASE("the lines of several stream_readers can be merged, and a reader may be used when its stream has ended") {
    run_virtual([]() -> coro<> {
        auto [first, far_first] = local_pair();
        auto [second, far_second] = local_pair();
        far_first.send("a\n");
        far_second.send("b\nnot taken\n");
        far_first.send_fin();
        auto merged = stream::merge(first.reader, stream::take(second.reader, 1));
        auto lines = co_await all_of(std::move(merged));
        std::ranges::sort(lines);
        CHECK(lines == std::vector<std::string>{"a\n", "b\n"});
        auto rest = co_await second.reader.readline();
        CHECK(rest == "not taken\n");
    });
}

TEST_CASE("a stream_reader whose next line is late loses nothing") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto lines = stream::timeout(1s, ours.reader);
        theirs.send("half a ");
        auto late = create_task([&]() -> coro<bool> {
            try {
                co_await lines.next();
            } catch (const timeout_error&) {
                co_return true;
            }
            co_return false;
        });
        co_await io_turns(10);
        CHECK_FALSE(late.done());
        loop::running().advance(2s);
        bool timed_out = co_await late;
        CHECK(timed_out);
        theirs.send("line\n");
        auto line = co_await ours.reader.readline();
        CHECK(line == "half a line\n");
    });
}
