#include "aio/io_wait.hpp"

#include "aio/reactor.hpp"
#include "tests/support/reactor.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::detail::descriptor;
using girin::detail::io_wait;
using girin::test::run_here;
using girin::test::run_virtual;
using girin::test::socket_pair;
using girin::test::turns;

TEST_CASE("a task that waits for a descriptor can be cancelled, before and while it waits") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        auto wait = [&]() -> coro<> {
            char byte;
            co_await io_wait(a, [&] { return ::read(a.fd(), &byte, 1) == 1; });
        };
        auto waiting = create_task(wait());
        co_await sleep(1ms);
        waiting.cancel();
        CHECK_THROWS_AS(co_await waiting, cancelled_error);
        auto before = create_task([&]() -> coro<> {
            current_task().cancel();
            co_await wait();
        });
        CHECK_THROWS_AS(co_await before, cancelled_error);
        auto reads = create_task(wait());
        REQUIRE(::write(b.fd(), "x", 1) == 1);
        co_await reads;
    });
}

TEST_CASE("a task whose descriptor is closed under it gets std::system_error") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        auto t = create_task([&]() -> coro<> { co_await io_wait(a, [] { return false; }); });
        co_await sleep(1ms);
        a.close();
        std::error_code error;
        try {
            co_await t;
        } catch (const std::system_error& e) {
            error = e.code();
        }
        CHECK(error == std::errc::operation_canceled);
    });
}

TEST_CASE("a thousand descriptors are served at once") {
    run_here([]() -> coro<> {
        std::vector<std::unique_ptr<descriptor>> readers, writers;
        std::vector<coro<>> work;
        std::size_t received = 0;
        auto echo = [&](descriptor& d) -> coro<> {
            for (int i = 0; i < 10; ++i) {
                char byte;
                co_await io_wait(d, [&] { return ::read(d.fd(), &byte, 1) == 1; });
                ++received;
            }
        };
        for (int i = 0; i < 500; ++i) {
            socket_pair pair;
            readers.push_back(std::make_unique<descriptor>(pair.fds[0]));
            writers.push_back(std::make_unique<descriptor>(pair.fds[1]));
            work.push_back(echo(*readers.back()));
        }
        work.push_back([](auto& all) -> coro<> {
            for (int i = 0; i < 10; ++i) {
                for (auto& w : all) REQUIRE(::write(w->fd(), "x", 1) == 1);
                co_await sleep(0s);
            }
        }(writers));
        co_await gather(std::move(work));
        CHECK(received == 5000);
    });
}

TEST_CASE("1.04 in one turn come what was ready, then I/O, then due timers by deadline") {
    run_virtual([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        std::string order;
        auto reads = create_task([&]() -> coro<> {
            char byte;
            co_await io_wait(a, [&] { return ::read(a.fd(), &byte, 1) == 1; });
            order += 'i';
        });
        co_await sleep(0s);
        loop& l = loop::running();
        l.call_later(2ms, [&] { order += '2'; });
        l.call_later(1ms, [&] { order += '1'; });
        REQUIRE(::write(b.fd(), "x", 1) == 1);
        l.advance(5ms);
        l.call_soon([&] { order += 'r'; });
        co_await turns(2);
        CHECK(order == "ri12");
        co_await reads;
    });
}
