#include "tests/support/run_virtual.hpp"

#include <girin/default_executor.hpp>
#include <girin/gather.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/sleep.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <pthread.h>

#include <concepts>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

namespace {

std::string thread_name() {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

}  // namespace

TEST_CASE("the default executor is made when it is first needed, and its threads have the name girin and a number") {
    run_virtual([]() -> coro<> {
        auto name = co_await to_thread(thread_name);
        CHECK(name == "girin_0");
        CHECK(default_executor().figures().called == 1);
        CHECK(default_executor().figures().most_threads == thread_pool({}).figures().most_threads);
    });
}

TEST_CASE("a loop may be given a thread pool as its default executor, and nothing else, before it has one") {
    static_assert(!std::invocable<decltype(set_default_executor), std::unique_ptr<executor>>);
    run_virtual([]() -> coro<> {
        CHECK_THROWS_AS(set_default_executor(nullptr), std::invalid_argument);
        set_default_executor(std::make_unique<thread_pool>(thread_pool::options{.threads = 1, .name = "own"}));
        auto name = co_await to_thread(thread_name);
        CHECK(name == "own_0");
        CHECK_THROWS_AS(set_default_executor(std::make_unique<thread_pool>(thread_pool::options{})),
                        std::runtime_error);
    });
}

TEST_CASE("the shutdown waits for what was accepted without blocking the loop, and then to_thread is refused") {
    run_virtual([]() -> coro<> {
        set_default_executor(std::make_unique<thread_pool>(thread_pool::options{.threads = 1}));
        std::latch open(1);
        auto running = create_task(to_thread([&] { open.wait(); }));
        auto queued = create_task(to_thread([] { return 5; }));
        co_await sleep(0s);
        auto ending = create_task(shutdown_default_executor());
        for (int i = 0; i < 10; ++i) co_await sleep(0s);
        CHECK_FALSE(ending.done());
        std::string refused;
        try {
            co_await to_thread([] {});
        } catch (const std::runtime_error& e) {
            refused = e.what();
        }
        CHECK(refused == "Executor shutdown has been called");
        CHECK_THROWS_AS(set_default_executor(std::make_unique<thread_pool>(thread_pool::options{})),
                        std::runtime_error);
        open.count_down();
        co_await ending;
        co_await running;
        int five = co_await queued;
        CHECK(five == 5);

        thread_pool own({.threads = 1});
        int six = co_await run_in_executor(own, [] { return 6; });
        CHECK(six == 6);
        co_await shutdown_default_executor();
    });
}

TEST_CASE("a shutdown that is cancelled waits all the same") {
    run_virtual([]() -> coro<> {
        std::latch running(1), open(1);
        auto blocking = create_task(to_thread([&] {
            running.count_down();
            open.wait();
        }));
        co_await sleep(0s);
        running.wait();
        auto ending = create_task(shutdown_default_executor());
        for (int i = 0; i < 5; ++i) {
            co_await sleep(0s);
            ending.cancel();
        }
        co_await sleep(0s);
        CHECK_FALSE(ending.done());
        open.count_down();
        CHECK_THROWS_AS(co_await ending, cancelled_error);
        co_await blocking;
    });
}
