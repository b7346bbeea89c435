// A thread of a `threads` worker as an executor: what blocking handlers are run by.
#include "server/worker/io_thread.hpp"

#include "server/worker/service.hpp"
#include "tests/support/run_virtual.hpp"

#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <latch>
#include <stdexcept>
#include <thread>

using namespace girin;
using namespace girin::test;
using namespace std::chrono_literals;

namespace {

coro<> nobody(const scope&, receiver&, sender&) {
    co_return;
}

template <class F>
coro<> call(executor& where, F function) {
    co_await girin::detail::thread_call<F>(&where, function);
}

}  // namespace

TEST_CASE("a function runs on the thread and what it raises comes back") {
    run_virtual([]() -> coro<> {
        worker::service service(nobody, {}, {});
        worker::io_thread thread(service, 0);
        std::thread::id ran_on;
        co_await call(thread, [&] { ran_on = std::this_thread::get_id(); });
        CHECK(ran_on != std::this_thread::get_id());
        bool raised = false;
        try {
            co_await call(thread, [] { throw std::runtime_error("on the thread"); });
        } catch (const std::runtime_error&) {
            raised = true;
        }
        CHECK(raised);
    });
}

TEST_CASE("a function that the thread has not begun when its task is cancelled is never called") {
    run_virtual([]() -> coro<> {
        worker::service service(nobody, {}, {});
        worker::io_thread thread(service, 0);
        std::latch running(1), open(1);
        bool called = false;
        auto first = create_task(call(thread, [&] {
            running.count_down();
            open.wait();
        }));
        auto second = create_task(call(thread, [&] { called = true; }));
        auto third = create_task(call(thread, [] {}));
        co_await sleep(0s);
        running.wait();
        second.cancel();
        co_await sleep(0s);
        CHECK(second.cancelled());
        open.count_down();
        co_await first;
        co_await third;
        CHECK_FALSE(called);
    });
}
