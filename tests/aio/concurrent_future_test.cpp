#include <girin/concurrent_future.hpp>
#include <girin/runner.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;

TEST_CASE("a concurrent_future is pending, runs, and is then done once and for all") {
    concurrent_future<int> f;
    CHECK_FALSE(f.done());
    CHECK_FALSE(f.running());
    CHECK(f.set_running_or_notify_cancel());
    CHECK(f.running());
    CHECK_FALSE(f.cancel());
    CHECK_THROWS_AS(f.set_running_or_notify_cancel(), invalid_state_error);
    f.set_result(1);
    CHECK(f.done());
    CHECK_FALSE(f.running());
    CHECK_FALSE(f.cancel());
    CHECK(f.result() == 1);
    CHECK(f.exception() == nullptr);
    CHECK_THROWS_AS(f.set_result(2), invalid_state_error);
    CHECK_THROWS_AS(f.set_exception(std::domain_error("x")), invalid_state_error);
}

TEST_CASE("a cancelled one raises cancelled_error, and whoever would have run it is told") {
    concurrent_future<> f;
    CHECK(f.cancel());
    CHECK(f.cancel());
    CHECK(f.cancelled());
    CHECK_FALSE(f.set_running_or_notify_cancel());
    CHECK_THROWS_AS(f.result(), cancelled_error);
    CHECK_THROWS_AS(f.exception(), cancelled_error);
    CHECK_THROWS_AS(f.set_result(), invalid_state_error);
}

TEST_CASE("a failed one raises its exception every time, and it must be one") {
    concurrent_future<std::string> f;
    CHECK_THROWS_AS(f.set_exception(std::exception_ptr()), std::invalid_argument);
    f.set_exception(std::domain_error("x"));
    CHECK_THROWS_AS(f.result(), std::domain_error);
    CHECK_THROWS_AS(f.result(), std::domain_error);
    CHECK(f.exception() != nullptr);
}

TEST_CASE("values may be move-only, references or nothing") {
    concurrent_future<std::unique_ptr<int>> owner;
    owner.set_result(std::make_unique<int>(1));
    CHECK(*owner.result() == 1);
    int object = 0;
    concurrent_future<int&> reference;
    reference.set_result(object);
    CHECK(&reference.result() == &object);
    concurrent_future<> nothing;
    nothing.set_result();
    CHECK_NOTHROW(nothing.result());
}

TEST_CASE("result waits for another thread, at most so long, and a timeout changes nothing") {
    concurrent_future<int> f;
    CHECK_THROWS_AS(f.result(0s), timeout_error);
    CHECK_THROWS_AS(f.result(-1s), timeout_error);
    CHECK_THROWS_AS(f.exception(1ms), timeout_error);
    CHECK_FALSE(f.done());
    std::jthread other([&] { f.set_result(1); });
    CHECK(f.result(std::chrono::nanoseconds::max()) == 1);
    CHECK(f.result(0s) == 1);
}

TEST_CASE("a thread that runs a loop is not blocked") {
    auto program = []() -> coro<> {
        concurrent_future<int> f;
        CHECK_THROWS_AS(f.result(), std::runtime_error);
        CHECK_THROWS_AS(f.result(1h), std::runtime_error);
        CHECK_THROWS_AS(f.result(0s), timeout_error);
        f.set_result(1);
        CHECK(f.result() == 1);
        co_return;
    };
    run(program());
}

TEST_CASE("done callbacks run in the thread that completes it, in order, or at once when it is done") {
    concurrent_future<int> f;
    std::vector<std::string> order;
    std::thread::id where;
    f.add_done_callback([&](const concurrent_future<int>& done) {
        where = std::this_thread::get_id();
        order.push_back(done == f && done.result() == 1 ? "first" : "?");
        done.add_done_callback([&](const auto&) { order.push_back("inside"); });
    });
    f.add_done_callback([&](const auto&) { order.push_back("second"); });
    std::thread::id other_id;
    std::thread other([&] {
        other_id = std::this_thread::get_id();
        f.set_result(1);
    });
    other.join();
    f.add_done_callback([&](const auto&) { order.push_back("late"); });
    CHECK(order == std::vector<std::string>{"first", "inside", "second", "late"});
    CHECK(where == other_id);
}

TEST_CASE(
    "a callback that holds its own future does not keep it alive, and one that raises keeps no other from running") {
    auto alive = std::make_shared<int>();
    std::weak_ptr<int> seen = alive;
    {
        concurrent_future<int> f;
        f.add_done_callback([alive = std::move(alive)](const auto&) {});
    }
    CHECK(seen.expired());
    bool ran = false;
    concurrent_future<int> f;
    f.add_done_callback([](const auto&) { throw std::domain_error("the test's callback raises on purpose"); });
    f.add_done_callback([&](const auto&) { ran = true; });
    f.set_result(1);
    CHECK(ran);
}

TEST_CASE("of many threads that cancel and complete, one wins and all waiters agree") {
    for (int round = 0; round < 200; ++round) {
        concurrent_future<int> f;
        std::atomic<int> won = 0, cancelled = 0, value = 0;
        {
            std::vector<std::jthread> threads;
            threads.emplace_back([&] {
                if (f.cancel() && f.cancelled()) ++won;
            });
            threads.emplace_back([&] {
                try {
                    f.set_result(1);
                    ++won;
                } catch (const invalid_state_error&) {
                }
            });
            for (int i = 0; i < 2; ++i)
                threads.emplace_back([&] {
                    try {
                        value += f.result();
                    } catch (const cancelled_error&) {
                        ++cancelled;
                    }
                });
        }
        CHECK(won == 1);
        CHECK((value == 2) != (cancelled == 2));
    }
}
