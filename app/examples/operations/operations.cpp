// What each of aio's operations costs: nanoseconds, least and median of several repeats, and bytes of a task that
// waits.
//
//     operations [REPEATS]      each line: operation, tab, least, tab, median
//     operations memory         bytes per pending task, its frame included
//
// `./dev bench aio` runs it beside loadtest/aio/operations.py, which does the same with asyncio and uvloop.
#include <girin/async_generator.hpp>
#include <girin/gather.hpp>
#include <girin/lock.hpp>
#include <girin/queue.hpp>
#include <girin/runner.hpp>
#include <girin/semaphore.hpp>
#include <girin/shield.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/task_group.hpp>
#include <girin/timeout.hpp>
#include <girin/to_thread.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;

namespace {

// Not inline, or the compiler would leave out the coroutine that is to be measured.
[[gnu::noinline]] coro<> nop() {
    co_return;
}
[[gnu::noinline]] coro<> deep(int depth) {
    if (depth != 0) co_await deep(depth - 1);
}

coro<> call(int n) {
    for (int i = 0; i < n; ++i) co_await nop();
}

coro<> call_chain(int n) {
    for (int i = 0; i < n; ++i) co_await deep(9);
}

coro<> make_task(int n) {
    for (int i = 0; i < n; ++i) co_await create_task(nop());
}

coro<> sleep_often(int n) {
    for (int i = 0; i < n; ++i) co_await sleep(0ns);
}

coro<> switch_among_two(int n) {
    auto other = create_task(sleep_often(n));
    co_await sleep_often(n);
    co_await other;
}

coro<> switch_among_hundred(int n) {
    std::vector<coro<>> all;
    for (int i = 0; i < 100; ++i) all.push_back(sleep_often(n));
    co_await gather(std::move(all));
}

coro<> ping_pong(int n) {
    std::array<future<>, 2> turn{create_future(), create_future()};
    auto side = [](std::array<future<>, 2>& at, int mine, int rounds) -> coro<> {
        for (int i = 0; i < rounds; ++i) {
            co_await at[mine];
            at[mine] = create_future();
            at[1 - mine].set_result();
        }
    };
    auto left = create_task(side, std::ref(turn), 0, n);
    auto right = create_task(side, std::ref(turn), 1, n);
    co_await sleep(0ns);
    turn[0].set_result();
    co_await left;
    co_await right;
}

coro<> call_soon(int n) {
    auto done = create_future();
    int called = 0;
    for (int i = 0; i < n; ++i)
        loop::running().call_soon([&called, n, done] {
            if (++called == n) done.set_result();
        });
    co_await done;
}

coro<> set_and_cancel_timer(int n) {
    for (int i = 0; i < n; ++i) loop::running().call_later(10s, [] {}).cancel();
    co_return;
}

coro<> put_and_get(int n) {
    queue<int> items;
    for (int i = 0; i < n; ++i) {
        co_await items.put(i);
        co_await items.get();
    }
}

coro<> hand_over(int n) {
    queue<int> items(1);
    auto produce = [](queue<int> into, int count) -> coro<> {
        for (int i = 0; i < count; ++i) co_await into.put(i);
    };
    auto producer = create_task(produce, items, n);
    for (int i = 0; i < n; ++i) co_await items.get();
    co_await producer;
}

coro<> gather_thousand(int n) {
    for (int i = 0; i < n; ++i) {
        std::vector<coro<>> all;
        for (int child = 0; child < 1000; ++child) all.push_back(nop());
        co_await gather(std::move(all));
    }
}

coro<> group_thousand(int n) {
    for (int i = 0; i < n; ++i)
        co_await task_group::run([](task_group& group) -> coro<> {
            for (int child = 0; child < 1000; ++child) group.create_task(nop());
            co_return;
        });
}

coro<> lock_and_release(int n) {
    lock mutex;
    for (int i = 0; i < n; ++i) auto held = co_await mutex.acquire_guard();
}

coro<> contend(int n) {
    semaphore limit(1);
    auto user = [](semaphore of, int times) -> coro<> {
        for (int i = 0; i < times; ++i) {
            {
                auto permit = co_await of.acquire_guard();
            }
            co_await sleep(0ns);
        }
    };
    std::vector<coro<>> users;
    for (int i = 0; i < 10; ++i) users.push_back(user(limit, n));
    co_await gather(std::move(users));
}

coro<> time_nothing(int n) {
    for (int i = 0; i < n; ++i) co_await timeout(10s, nop);
}

coro<> wait_for_nothing(int n) {
    for (int i = 0; i < n; ++i) co_await wait_for(nop(), 10s);
}

coro<> shield_task(int n) {
    for (int i = 0; i < n; ++i) co_await shield(create_task(nop()));
}

coro<> sleep_long() {
    co_await sleep(100s);
}

coro<> cancel_task(int n) {
    for (int i = 0; i < n; ++i) {
        auto sleeper = create_task(sleep_long());
        co_await sleep(0ns);
        sleeper.cancel();
        try {
            co_await sleeper;
        } catch (const cancelled_error&) {
        }
    }
}

coro<> generate(int n) {
    auto numbers = [](int count) -> async_generator<int> {
        for (int i = 0; i < count; ++i) co_yield i;
    };
    auto source = numbers(n);
    while (auto number = co_await source.next()) {
    }
}

coro<> ask_thread(int n) {
    for (int i = 0; i < n; ++i) co_await to_thread([] { return 0; });
}

coro<> call_soon_from_thread(int n) {
    loop& here = loop::running();
    std::mutex mutex;
    std::condition_variable asked;
    std::optional<future<>> answer;
    bool over = false;
    std::thread thread([&] {
        std::unique_lock held(mutex);
        for (;;) {
            asked.wait(held, [&] { return answer || over; });
            if (over) return;
            here.call_soon_threadsafe([done = std::move(*answer)] { done.set_result(); });
            answer.reset();
        }
    });
    for (int i = 0; i < n; ++i) {
        auto done = create_future();
        {
            const std::lock_guard held(mutex);
            answer = done;
        }
        asked.notify_one();
        co_await done;
    }
    {
        const std::lock_guard held(mutex);
        over = true;
    }
    asked.notify_one();
    thread.join();
}

// The least that a way to another thread and back can cost: a condition variable there, an eventfd back.
coro<> bare_ping_pong(int n) {
    std::mutex mutex;
    std::condition_variable asked;
    int asked_for = 0;
    const int back = ::eventfd(0, EFD_CLOEXEC);
    std::thread thread([&] {
        std::unique_lock held(mutex);
        for (int i = 1; i <= n; ++i) {
            asked.wait(held, [&] { return asked_for == i; });
            ::eventfd_write(back, 1);
        }
    });
    for (int i = 1; i <= n; ++i) {
        {
            const std::lock_guard held(mutex);
            asked_for = i;
        }
        asked.notify_one();
        eventfd_t count;
        ::eventfd_read(back, &count);
    }
    thread.join();
    ::close(back);
    co_return;
}

struct operation {
    const char* name;
    int rounds;
    int per_round;
    coro<> (*run)(int rounds);
};

// The names and the rounds of loadtest/aio/operations.py; the rounds are more where one takes less than the clock sees.
const operation operations[] = {
    {"coroutine call + await", 1'000'000, 1, call},
    {"10 coroutines deep, call + await", 100'000, 1, call_chain},
    {"create_task + await", 100'000, 1, make_task},
    {"sleep(0), 1 task", 100'000, 1, sleep_often},
    {"sleep(0) switch, 2 tasks", 100'000, 2, switch_among_two},
    {"sleep(0) switch, 100 tasks", 2'000, 100, switch_among_hundred},
    {"future set + wake", 50'000, 2, ping_pong},
    {"call_soon", 200'000, 1, call_soon},
    {"call_later + cancel", 200'000, 1, set_and_cancel_timer},
    {"queue put + get", 200'000, 1, put_and_get},
    {"queue(1) from task to task", 50'000, 1, hand_over},
    {"gather of 1,000, per child", 100, 1'000, gather_thousand},
    {"task group of 1,000, per child", 100, 1'000, group_thousand},
    {"lock acquire + release", 200'000, 1, lock_and_release},
    {"semaphore(1), 10 tasks", 5'000, 10, contend},
    {"timeout around nothing", 100'000, 1, time_nothing},
    {"wait_for of nothing", 50'000, 1, wait_for_nothing},
    {"shield of a task", 30'000, 1, shield_task},
    {"cancel + await", 30'000, 1, cancel_task},
    {"async generator, per item", 500'000, 1, generate},
    {"to_thread", 3'000, 1, ask_thread},
    {"call_soon_threadsafe, there and back", 3'000, 1, call_soon_from_thread},
    {"bare condition variable + eventfd", 3'000, 1, bare_ping_pong},
};

coro<> measure(int repeats) {
    using clock = std::chrono::steady_clock;
    for (const operation& measured : operations) {
        co_await measured.run(measured.rounds / 20);
        std::vector<double> times;
        for (int i = 0; i < repeats; ++i) {
            const auto began = clock::now();
            co_await measured.run(measured.rounds);
            const std::chrono::duration<double, std::nano> took = clock::now() - began;
            times.push_back(took.count() / (static_cast<double>(measured.rounds) * measured.per_round));
            co_await sleep(20ms);
        }
        std::ranges::sort(times);
        std::printf("%s\t%.1f\t%.1f\n", measured.name, times.front(), times[times.size() / 2]);
        std::fflush(stdout);
    }
}

std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (!file || std::fscanf(file, "%zu %zu", &all, &resident) != 2) std::abort();
    std::fclose(file);
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

coro<> wait_on(future<> gate) {
    co_await gate;
}

coro<> measure_memory() {
    constexpr std::size_t tasks = 1'000'000;
    auto gate = create_future();
    std::vector<task<>> all;
    all.reserve(tasks);
    std::ranges::fill_n(std::back_inserter(all), tasks, task<>());
    all.clear();
    const std::size_t before = resident_bytes();
    for (std::size_t i = 0; i < tasks; ++i) all.push_back(create_task(wait_on(gate)));
    co_await sleep(0ns);
    std::printf("pending task, frame included\t%zu\n", (resident_bytes() - before) / tasks);
    gate.set_result();
    for (auto& waiter : all) co_await waiter;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "memory")
        run(measure_memory());
    else
        run(measure(argc > 1 ? std::max(1, std::atoi(argv[1])) : 7));
}
