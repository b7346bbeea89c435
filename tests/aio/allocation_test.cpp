// Counts what sharing and combining allocate. Not in sanitizer builds, which have allocators of their own and pool no
// frames.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/as_completed.hpp>
#include <girin/condition.hpp>
#include <girin/context_var.hpp>
#include <girin/event.hpp>
#include <girin/lock.hpp>
#include <girin/queue.hpp>
#include <girin/semaphore.hpp>
#include <girin/shield.hpp>
#include <girin/task.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>
#include <girin/wait.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

using namespace girin;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

namespace {

std::atomic<std::size_t> allocations = 0;
std::atomic<std::size_t> bytes = 0;

// What the last of three rounds allocates: the first ones fill the pools.
template <class Round>
coro<std::size_t> allocations_once_warm(Round& round) {
    std::size_t before = 0;
    for (int i = 0; i < 3; ++i) {
        before = allocations;
        co_await round();
    }
    co_return allocations - before;
}

}  // namespace

void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(size, std::memory_order_relaxed);
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

TEST_CASE("what nobody else holds is had without suspending and without allocating") {
    run_virtual([]() -> coro<> {
        lock k;
        semaphore s(1);
        event e;
        queue<int> q(1);
        e.set();
        turn_watch watch;
        const std::size_t before = allocations;
        for (int i = 0; i < 100; ++i) {
            co_await k.acquire();
            k.release();
            co_await s.acquire();
            s.release();
            {
                auto held = co_await k.acquire_guard();
                auto permit = co_await s.acquire_guard();
            }
            co_await e.wait();
            co_await q.join();
        }
        CHECK(allocations == before);
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("waiting for a lock, an event, a permit, a notification or a queue allocates nothing once warm") {
    run_virtual([]() -> coro<> {
        lock k;
        semaphore s(1);
        event e;
        condition c;
        queue<int> q(1);
        int waits = 0;
        auto other = [&]() -> coro<> {
            co_await k.acquire();
            co_await s.acquire();
            co_await e.wait();
            {
                auto held = co_await c.acquire_guard();
                co_await c.wait();
            }
            co_await q.put(1);
            co_await q.put(2);
            ++waits;
            k.release();
            s.release();
        };
        auto round = [&]() -> coro<> {
            co_await k.acquire();
            co_await s.acquire();
            e.clear();
            auto t = create_task(other());
            co_await turns(1);
            k.release();
            co_await turns(1);
            s.release();
            co_await turns(1);
            e.set();
            co_await turns(1);
            {
                auto held = co_await c.acquire_guard();
                c.notify();
            }
            co_await turns(1);
            co_await q.get();
            co_await q.get();
            co_await t;
        };
        std::size_t allocated = co_await allocations_once_warm(round);
        CHECK(allocations > 0);
        CHECK(waits == 3);
        CHECK(allocated == 0);
    });
}

TEST_CASE("groups, shields and deadlines allocate nothing once warm") {
    run_virtual([]() -> coro<> {
        auto round = []() -> coro<> {
            co_await task_group::run([](task_group& group) -> coro<> {
                for (int i = 0; i < 3; ++i) group.create_task(turns(i));
                co_await turns(1);
            });
            co_await shield(turns(2));
            co_await timeout(std::chrono::seconds(1), []() -> coro<> { co_await turns(2); });
            co_await wait_for(turns(2), std::chrono::seconds(1));
        };
        std::size_t allocated = co_await allocations_once_warm(round);
        CHECK(allocated == 0);
    });
}

TEST_CASE("tasks that inherit context variables allocate nothing for it once warm") {
    static const context_var<int> v("v");
    run_virtual([]() -> coro<> {
        v.set(1);
        auto reads = []() -> coro<int> { co_return v.get(); };
        auto round = [&]() -> coro<> {
            co_await create_task(reads());
            co_await create_task(reads(), {.eager_start = true});
        };
        std::size_t allocated = co_await allocations_once_warm(round);
        CHECK(allocated == 0);
    });
}

TEST_CASE("wait and as_completed allocate only the vectors that they are given, and return") {
    run_virtual([]() -> coro<> {
        auto round_of_wait = []() -> coro<> { co_await wait({create_task(turns(1)), create_task(turns(2))}); };
        std::size_t of_wait = co_await allocations_once_warm(round_of_wait);
        CHECK(of_wait == 2);
        auto round_of_iteration = []() -> coro<> {
            auto all = as_completed({create_task(turns(1)), create_task(turns(2))});
            while (auto done = co_await all.next()) {
            }
        };
        std::size_t of_iteration = co_await allocations_once_warm(round_of_iteration);
        CHECK(of_iteration == 1);
    });
}

TEST_CASE("a cancellation that is passed on along a short row of tasks allocates nothing") {
    run_virtual([]() -> coro<> {
        auto forever = create_future<>();
        task<> last = create_task([&]() -> coro<> { co_await forever; });
        task<> middle = create_task([&]() -> coro<> { co_await last; });
        task<> first = create_task([&]() -> coro<> { co_await middle; });
        co_await turns(2);
        const std::size_t before = allocations;
        const bool accepted = first.cancel();
        CHECK(allocations == before);
        CHECK(accepted);
        CHECK(forever.cancelled());
        CHECK_THROWS_AS(co_await first, cancelled_error);
    });
}

TEST_CASE("a coroutine call allocates nothing once warm") {
    run_virtual([]() -> coro<> {
        auto answer = []() -> coro<int> { co_return 42; };
        auto round = [&]() -> coro<> {
            for (int i = 0; i < 100; ++i) co_await answer();
        };
        std::size_t allocated = co_await allocations_once_warm(round);
        CHECK(allocated == 0);
    });
}

TEST_CASE("a task that waits takes 256 bytes at most beside its frame, and 600 with it") {
    static_assert(sizeof(detail::task_state<void>) <= 256);
    run_virtual([]() -> coro<> {
        constexpr std::size_t many = 10'000;
        event e;
        std::vector<task<>> all;
        all.reserve(many);
        auto waits = [&]() -> coro<> { co_await e.wait(); };
        const std::size_t before = bytes;
        for (std::size_t i = 0; i < many; ++i) all.push_back(create_task(waits()));
        co_await turns(1);
        CHECK((bytes - before) / many <= 600);
        CHECK((bytes - before) / many >= 256);
        e.set();
        co_await wait(all);
    });
}

#endif
#endif
