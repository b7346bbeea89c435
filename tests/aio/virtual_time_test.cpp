#include "aio/io_wait.hpp"
#include "aio/reactor.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"

#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_to_wait;
using girin::test::run_virtual;

TEST_CASE("hours pass at once and in order") {
    auto real_start = std::chrono::steady_clock::now();
    std::vector<int> order;
    run_virtual([&]() -> coro<> {
        auto start = loop::running().time();
        std::vector<task<>> sleepers;
        for (int hours : {3, 1, 2})
            sleepers.push_back(create_task([&order, hours]() -> coro<> {
                co_await sleep(std::chrono::hours(hours));
                order.push_back(hours);
            }));
        for (auto& t : sleepers) co_await t;
        CHECK(loop::running().time() - start == 3h);
    });
    CHECK(order == std::vector{1, 2, 3});
    CHECK(std::chrono::steady_clock::now() - real_start < 1min);
}

TEST_CASE("sleep never returns early or late, and a negative or zero delay takes one turn and no time") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        for (auto delay : {1ns, 999ns, 1'000'000ns}) {
            auto before = loop::running().time();
            co_await sleep(delay);
            CHECK(loop::running().time() - before == delay);
        }
        auto before = loop::running().time();
        std::string order;
        loop::running().call_soon([&] { order += 'a'; });
        co_await sleep(-5s);
        order += 'b';
        loop::running().call_soon([&] { order += 'c'; });
        co_await sleep(0s);
        CHECK(order == "abc");
        CHECK(loop::running().time() == before);
        CHECK(before - start == 1'000'000ns + 999ns + 1ns);
    });
}

TEST_CASE("time stands still while something is ready") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        bool fired = false;
        loop::running().call_later(1ns, [&] { fired = true; });
        for (int i = 0; i < 1000; ++i) co_await sleep(0s);
        CHECK(loop::running().time() == start);
        CHECK_FALSE(fired);
    });
}

TEST_CASE("a longest sleep can be cancelled") {
    run_virtual([]() -> coro<> {
        auto t = create_task([]() -> coro<> { co_await sleep(std::chrono::nanoseconds::max()); });
        co_await sleep(1h);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
    });
}

TEST_CASE("a sleeper that is cancelled takes its timer back at once") {
    loop l({.virtual_time = true});
    auto program = [&]() -> coro<> {
        auto t = create_task([]() -> coro<> { co_await sleep(1h); });
        co_await sleep(0s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
        co_await create_future();
    };
    auto start = l.time();
    CHECK_THROWS_AS(l.run_until_complete(program()), std::logic_error);
    CHECK(l.time() == start);
}

TEST_CASE("a program that can never go on is told so") {
    auto program = []() -> coro<> { co_await create_future(); };
    CHECK_THROWS_AS(run(program(), {.virtual_time = true}), std::logic_error);
}

TEST_CASE("time stands still while a pool function runs, and is not taken for a deadlock") {
    run_virtual([]() -> coro<> {
        auto start = loop::running().time();
        bool fired = false;
        loop::running().call_later(1h, [&] { fired = true; });
        for (int i = 0; i < 200; ++i) co_await to_thread([] { std::this_thread::yield(); });
        CHECK_FALSE(fired);
        CHECK(loop::running().time() == start);
    });
    run_virtual([]() -> coro<> {
        for (int i = 0; i < 200; ++i) co_await to_thread([] { std::this_thread::yield(); });
    });
}

TEST_CASE("while a real descriptor is awaited only advance moves time") {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    run_virtual([&]() -> coro<> {
        detail::descriptor socket(fds[0]);
        auto start = loop::running().time();
        bool fired = false;
        loop::running().call_later(1h, [&] { fired = true; });
        const int looping = ::gettid();
        std::thread peer([&] {
            CHECK(comes_to_wait(looping));
            CHECK(::write(fds[1], "x", 1) == 1);
        });
        char byte = 0;
        co_await detail::io_wait(socket, [&] { return ::read(socket.fd(), &byte, 1) == 1; });
        peer.join();
        CHECK(loop::running().time() == start);
        CHECK_FALSE(fired);

        auto reading = create_task(
            [&]() -> coro<> { co_await detail::io_wait(socket, [&] { return ::read(socket.fd(), &byte, 1) == 1; }); });
        co_await sleep(0s);
        loop::running().advance(1h);
        co_await sleep(0s);
        co_await sleep(0s);
        CHECK(fired);
        CHECK_FALSE(reading.done());
        reading.cancel();
        CHECK_THROWS_AS(co_await reading, cancelled_error);
        co_await sleep(2h);
        CHECK(loop::running().time() - start == 3h);
    });
    ::close(fds[1]);
}

TEST_CASE("a callback from another thread wakes a loop that stands still") {
    run_virtual([]() -> coro<> {
        loop& l = loop::running();
        auto f = create_future<int>();
        std::binary_semaphore go(0);
        auto t = create_task(to_thread([&] {
            l.call_soon_threadsafe([&] {
                f.set_result(1);
                go.release();
            });
            go.acquire();
        }));
        int value = co_await f;
        CHECK(value == 1);
        co_await t;
    });
}

TEST_CASE("virtual time goes forward only, and a real clock cannot be moved") {
    loop real;
    CHECK_THROWS_AS(real.advance(1s), std::logic_error);
    loop l({.virtual_time = true});
    auto start = l.time();
    l.advance(5s);
    CHECK(l.time() - start == 5s);
    CHECK_THROWS_AS(l.advance(-1s), std::invalid_argument);
}
