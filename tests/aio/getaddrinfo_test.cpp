#include "tests/support/full_pool.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/default_executor.hpp>
#include <girin/getaddrinfo.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <system_error>

using namespace girin;
using girin::test::full_pool;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::turn_watch;
using girin::test::turns;

TEST_CASE("a numeric host is looked up at once") {
    run_virtual([]() -> coro<> {
        turn_watch watch;
        auto v4 = co_await getaddrinfo("127.0.0.1", 80);
        auto v6 = co_await getaddrinfo("::1", 443);
        auto any = co_await getaddrinfo("", 8000, {.family = address_family::ipv4, .passive = true});
        auto here = co_await getaddrinfo("", 8000, {.family = address_family::ipv4});
        CHECK_FALSE(watch.turned());
        REQUIRE(v4.size() == 1);
        CHECK(v4[0] == socket_address{.family = address_family::ipv4, .host = "127.0.0.1", .port = 80});
        CHECK(to_string(v4[0]) == "127.0.0.1:80");
        REQUIRE(v6.size() == 1);
        CHECK(v6[0] == socket_address{.family = address_family::ipv6, .host = "::1", .port = 443});
        CHECK(to_string(v6[0]) == "[::1]:443");
        REQUIRE(any.size() == 1);
        CHECK(any[0].host == "0.0.0.0");
        REQUIRE(here.size() == 1);
        CHECK(here[0].host == "127.0.0.1");
    });
}

TEST_CASE("a name is looked up in a thread, each address once") {
    run_virtual([]() -> coro<> {
        turn_watch watch;
        auto found = co_await getaddrinfo("localhost", 80, {.family = address_family::ipv4});
        CHECK(watch.turned());
        REQUIRE(found.size() == 1);
        CHECK(to_string(found[0]) == "127.0.0.1:80");
    });
}

TEST_CASE("a host that does not exist raises an error that names it") {
    run_virtual([]() -> coro<> {
        std::error_code code;
        std::string what;
        try {
            co_await getaddrinfo("no such host", 80);
        } catch (const std::system_error& e) {
            code = e.code();
            what = e.what();
        }
        CHECK(code.category() == gai_category());
        CHECK(what == "cannot look up no such host:80: " + code.message());
        auto zero = co_await outcome_of(getaddrinfo(std::string("127.0.0.1\0x", 11), 80));
        CHECK(zero == "a byte 0 in the name of a host");
        auto family = co_await outcome_of(getaddrinfo("::1", 80, {.family = address_family::ipv4}));
        CHECK(family == "Address family for hostname not supported");
    });
}

TEST_CASE("a queued look-up that is cancelled is dropped") {
    run_virtual([]() -> coro<> {
        full_pool full;
        co_await full.fill();
        auto& pool = default_executor();
        const auto queued = pool.queued();
        auto looks_up = create_task(outcome_of(getaddrinfo("localhost", 80)));
        co_await turns(2);
        CHECK(pool.queued() == queued + 1);
        looks_up.cancel();
        auto outcome = co_await looks_up;
        CHECK(outcome == "cancelled");
        CHECK(pool.queued() == queued);
        co_await full.empty();
    });
}
