#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/until.hpp"

#include <girin/async_generator.hpp>
#include <girin/process_pool.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_true;
using girin::test::has_ended;
using girin::test::is_gone;
using girin::test::pid_in;
using girin::test::run_virtual;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

struct point {
    int x, y;
};

int calls_so_far = 0;

int pid() {
    return ::getpid();
}
int add(int a, int b) {
    return a + b;
}
point mirror(const point& p) {
    return {p.y, p.x};
}
std::string twice(std::string_view text) {
    return std::string(text) + std::string(text);
}
std::vector<std::string> reversed(const std::vector<std::string>& words) {
    return {words.rbegin(), words.rend()};
}
std::vector<double> halved(std::vector<double> numbers) {
    for (double& number : numbers) number /= 2;
    return numbers;
}
std::tuple<std::string, int> pair_of(std::pair<int, std::string> p) {
    return {p.second, p.first};
}
std::vector<bool> inverted(std::vector<bool> bits) {
    bits.flip();
    return bits;
}
int count() {
    return ++calls_so_far;
}
void nothing() noexcept {}
std::size_t size_of(const std::string& text) {
    return text.size();
}
std::string of_size(std::size_t size) {
    return std::string(size, 'x');
}
void fail(const std::string& why) {
    throw std::domain_error(why);
}
void throw_int() {
    throw 7;
}
void block() {
    ::sleep(1000);
}
void write_pid_and_block(const std::string& file) {
    std::ofstream(file) << ::getpid() << std::endl;
    ::sleep(1000);
}

}  // namespace

TEST_CASE("a function runs in another process of the program, which serves call after call") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        int first = co_await pool.run<pid>();
        int second = co_await pool.run<pid>();
        CHECK(first != ::getpid());
        CHECK(first == second);
        CHECK(pool.figures().started == 1);
        CHECK(pool.figures().called == 2);
        CHECK(calls_so_far == 0);
        int counted = co_await pool.run<count>();
        counted = co_await pool.run<count>();
        CHECK(counted == 2);
        CHECK(calls_so_far == 0);
    });
}

TEST_CASE("arguments and results are bytes, strings, vectors, pairs and tuples of such") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        int sum = co_await pool.run<add>(2, 3);
        CHECK(sum == 5);
        point mirrored = co_await pool.run<mirror>(point{1, 2});
        CHECK(mirrored.x == 2);
        std::string text = co_await pool.run<twice>("ab");
        CHECK(text == "abab");
        std::string zeros = co_await pool.run<twice>(std::string(3, '\0'));
        CHECK(zeros == std::string(6, '\0'));
        std::vector<std::string> words{"a", "", std::string(100'000, 'c')};
        auto backwards = co_await pool.run<reversed>(words);
        CHECK(backwards == std::vector<std::string>(words.rbegin(), words.rend()));
        const std::vector<double> numbers{1, 2, 3};
        auto halves = co_await pool.run<halved>(numbers);
        CHECK(halves == std::vector<double>{0.5, 1, 1.5});
        auto pair = co_await pool.run<pair_of>(std::pair(1, "one"));
        CHECK(pair == std::tuple(std::string("one"), 1));
        const std::vector<bool> flags{true, false};
        auto bits = co_await pool.run<inverted>(flags);
        CHECK(bits == std::vector<bool>{false, true});
        co_await pool.run<nothing>();
        int of_lambda = co_await pool.run<[](int n) { return n + 1; }>(4);
        CHECK(of_lambda == 5);
    });
}

TEST_CASE("what holds an address cannot be sent") {
    static_assert(transferable<int> && transferable<point> && transferable<std::vector<std::vector<std::string>>>);
    static_assert(!transferable<int*> && !transferable<const char*> && !transferable<std::string_view>);
    static_assert(!transferable<std::reference_wrapper<int>> && !transferable<std::span<int>>);
    static_assert(!transferable<std::unique_ptr<int>> && !transferable<std::vector<int*>>);
}

TEST_CASE("an exception comes back with the name of its type and what it says") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        std::string type, what;
        try {
            co_await pool.run<fail>("no such colour");
        } catch (const remote_exception& e) {
            type = e.type();
            what = e.what();
        }
        CHECK(type == "std::domain_error");
        CHECK(what == "no such colour");
        try {
            co_await pool.run<throw_int>();
        } catch (const remote_exception& e) {
            type = e.type();
        }
        CHECK(type == "int");
        CHECK(pool.figures().died == 0);
        CHECK(pool.figures().started == 1);
    });
}

TEST_CASE("a process that has died while nobody used it is replaced") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        int first = co_await pool.run<pid>();
        ::kill(first, SIGKILL);
        CHECK(comes_true([&] { return has_ended(first); }));
        int second = co_await pool.run<pid>();
        CHECK(second != first);
    });
}

TEST_CASE("cancelling a call that runs kills its process and waits for its end") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        auto t = create_task(pool.run<write_pid_and_block>(folder.path("pid")));
        co_await sleep(0s);
        const int process = pid_in(folder.path("pid"));
        t.cancel("enough");
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK(is_gone(process));
        CHECK(pool.figures().died == 0);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
    });
}

TEST_CASE("cancelling a call that has no process yet leaves the one that is just being started to the next call") {
    bool left = false;
    for (int i = 0; i < 200 && !left; ++i)
        run_virtual([&]() -> coro<> {
            process_pool pool({.processes = 1});
            auto t = create_task(pool.run<block>());
            co_await sleep(0s);
            while (pool.figures().called == 0) std::this_thread::yield();
            for (int wait = 0; wait < i; ++wait) std::this_thread::yield();
            t.cancel();
            CHECK_THROWS_AS(co_await t, cancelled_error);
            const auto before = pool.figures().started;
            int process = co_await pool.run<pid>();
            CHECK(process != ::getpid());
            left = before == 1 && pool.figures().started == 1;
        });
    CHECK(left);
}

TEST_CASE("a call that takes too long is ended by a timeout around it") {
    auto program = []() -> coro<> {
        process_pool pool({.processes = 1});
        CHECK_THROWS_AS(co_await wait_for(pool.run<block>(), 200ms), timeout_error);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
    };
    run(program());
}

TEST_CASE("cancelling a call that waits for a process drops it") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1, .queue = 1});
        auto running = create_task(pool.run<write_pid_and_block>(folder.path("pid")));
        co_await sleep(0s);
        pid_in(folder.path("pid"));
        auto queued = create_task(pool.run<add>(1, 1));
        co_await sleep(0s);
        CHECK(pool.figures().queued == 1);
        CHECK_THROWS_AS(co_await pool.run<add>(1, 1), pool_full);
        queued.cancel();
        CHECK_THROWS_AS(co_await queued, cancelled_error);
        running.cancel();
        CHECK_THROWS_AS(co_await running, cancelled_error);
        CHECK(pool.figures().called == 1);
    });
}

TEST_CASE("calls that are cancelled at any moment leave no process and no call behind") {
    auto program = []() -> coro<> {
        process_pool pool({.processes = 2});
        int done = 0, cancelled = 0;
        for (int round = 0; round < (sanitized ? 5 : 15); ++round) {
            std::vector<task<int>> tasks;
            for (int i = 0; i < 6; ++i) tasks.push_back(create_task(pool.run<add>(round, i)));
            co_await sleep(std::chrono::milliseconds(round));
            for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].cancel();
            for (std::size_t i = 0; i < tasks.size(); ++i) {
                try {
                    int sum = co_await tasks[i];
                    CHECK(sum == round + static_cast<int>(i));
                    ++done;
                } catch (const cancelled_error&) {
                    CHECK(i % 2 == 0);
                    ++cancelled;
                }
            }
        }
        CHECK(done >= cancelled);
        CHECK(pool.figures().died == 0);
    };
    run(program());
}

TEST_CASE("a process ends when it has been idle, and when it has served enough calls") {
    run_virtual([]() -> coro<> {
        process_pool idle({.processes = 1, .idle_time = 10ms});
        int process = co_await idle.run<pid>();
        CHECK(comes_true([&] { return is_gone(process); }));
        process_pool worn({.processes = 1, .max_tasks_per_child = 2});
        std::vector<int> used;
        for (int i = 0; i < 4; ++i) used.push_back(co_await worn.run<pid>());
        CHECK(used[0] == used[1]);
        CHECK(used[1] != used[2]);
        CHECK(used[2] == used[3]);
    });
}

TEST_CASE("a pool that ends kills its processes, and tells those who wait for them") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        auto pool = std::make_unique<process_pool>(process_pool::options{.processes = 1});
        auto running = create_task(pool->run<write_pid_and_block>(folder.path("pid")));
        auto queued = create_task(pool->run<add>(1, 1));
        co_await sleep(0s);
        const int process = pid_in(folder.path("pid"));
        pool.reset();
        CHECK(is_gone(process));
        CHECK_THROWS_AS(co_await running, std::runtime_error);
        CHECK_THROWS_AS(co_await queued, std::runtime_error);
    });
}

TEST_CASE("a loop that is closed kills what it has called") {
    const scratch_folder folder;
    process_pool pool({.processes = 1});
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(pool.run<write_pid_and_block>(folder.path("pid")));
            loop::running().call_soon([&] {
                pid_in(folder.path("pid"));
                loop::running().stop();
            });
        });
        l.run_forever();
    }
    CHECK(is_gone(pid_in(folder.path("pid"))));
}

TEST_CASE("a loop that is closed kills what a generator, held by somebody else, has called") {
    const scratch_folder folder;
    process_pool pool({.processes = 1});
    auto call = [&]() -> async_generator<int> {
        co_await pool.run<write_pid_and_block>(folder.path("pid"));
        co_yield 1;
    };
    std::optional<async_generator<int>> held;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            held.emplace(call());
            create_task([&]() -> coro<> { co_await held->next(); });
            loop::running().call_soon([&] {
                pid_in(folder.path("pid"));
                loop::running().stop();
            });
        });
        l.run_forever();
    }
    CHECK(is_gone(pid_in(folder.path("pid"))));
    held.reset();
}

TEST_CASE("arguments and results have a largest size") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1, .max_bytes = 1 << 20});
        std::size_t size = co_await pool.run<size_of>(std::string((1 << 20) - 100, 'x'));
        CHECK(size == (1 << 20) - 100);
        CHECK_THROWS_AS(co_await pool.run<size_of>(std::string(2 << 20, 'x')), process_pool_error);
        std::string most = co_await pool.run<of_size>((1 << 20) - 100);
        CHECK(most.size() == (1 << 20) - 100);
        CHECK_THROWS_AS(co_await pool.run<of_size>(2 << 20), process_pool_error);
    });
}

TEST_CASE("a call that raises counts as one that its process has served") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1, .max_tasks_per_child = 1});
        int first = co_await pool.run<pid>();
        CHECK_THROWS_AS(co_await pool.run<throw_int>(), remote_exception);
        int third = co_await pool.run<pid>();
        CHECK(first != third);
        CHECK(pool.figures().started == 3);
    });
}
