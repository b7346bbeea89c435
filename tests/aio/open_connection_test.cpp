#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/streams.hpp"

#include <girin/exceptions.hpp>
#include <girin/open_connection.hpp>
#include <girin/runner.hpp>
#include <girin/server.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <sys/un.h>

#include <cstring>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::io_turns;
using girin::test::message_of;
using girin::test::outcome_of;
using girin::test::plain_socket;
using girin::test::run_virtual;
using girin::test::until;

namespace {

coro<> greet(stream_reader, stream_writer writer) {
    writer.write("hello\n");
    co_return;
}

// Listens at the path and accepts nobody.
plain_socket listen_at(const std::string& path, int backlog) {
    plain_socket listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un at = {};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.data(), path.size());
    REQUIRE(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listener.fd(), backlog) == 0);
    return listener;
}

}  // namespace

TEST_CASE("open_connection connects by number and by name") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(greet, "127.0.0.1", 0);
        for (const char* host : {"127.0.0.1", "localhost"}) {
            auto client = co_await open_connection(host, s.port());
            auto line = co_await client.reader.readline();
            CHECK(line == "hello\n");
            CHECK(client.writer.peername().host == "127.0.0.1");
            CHECK(client.writer.peername().port == s.port());
        }
    });
}

TEST_CASE("the limit of a connection is the one that was asked for") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(greet, "127.0.0.1", 0);
        auto client = co_await open_connection("127.0.0.1", s.port(), {.limit = 3});
        CHECK_THROWS_AS(co_await client.reader.readuntil(), limit_overrun_error);
        CHECK_THROWS_AS(co_await open_connection("127.0.0.1", s.port(), {.limit = 0}), std::invalid_argument);
    });
}

TEST_CASE("a connection that is refused names host and port") {
    run_virtual([]() -> coro<> {
        const auto before = test::open_descriptors();
        auto s = co_await start_server(greet, "127.0.0.1", 0);
        const auto port = s.port();
        s.close();
        auto refused = co_await message_of(open_connection("127.0.0.1", port));
        CHECK(refused == "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
        auto by_name = co_await message_of(
            open_connection("localhost", port, {.family = address_family::ipv4, .happy_eyeballs_delay = std::nullopt}));
        CHECK(by_name == "cannot connect to localhost:" + std::to_string(port) + ": Connection refused");
        CHECK(test::open_descriptors() <= before + 1);  // the event of a pool's thread
        auto unknown = co_await message_of(open_connection("no such host", port));
        CHECK(unknown.starts_with("cannot look up no such host:" + std::to_string(port)));
        auto no_path = co_await message_of(open_unix_connection("/no/such/socket"));
        CHECK(no_path == "cannot connect to /no/such/socket: No such file or directory");
    });
}

TEST_CASE("a connection that waits for its server can be cancelled, and leaves nothing open") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto listener = listen_at(folder.path("full"), 0);
        const auto before = test::open_descriptors();
        auto first = co_await open_unix_connection(folder.path("full"));
        auto waits = create_task(outcome_of(open_unix_connection(folder.path("full"))));
        co_await io_turns(3);
        loop::running().advance(1s);
        co_await io_turns(3);
        CHECK_FALSE(waits.done());
        waits.cancel();
        auto outcome = co_await waits;
        CHECK(outcome == "cancelled");
        first.writer.close();
        CHECK(test::open_descriptors() == before);
    });
}

TEST_CASE("a connection to a full Unix socket is made when there is room") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto listener = listen_at(folder.path("full"), 0);
        auto first = co_await open_unix_connection(folder.path("full"));
        auto waits = create_task(open_unix_connection(folder.path("full")));
        co_await io_turns(3);
        CHECK_FALSE(waits.done());
        plain_socket accepted(::accept(listener.fd(), nullptr, nullptr));
        loop::running().advance(1s);
        auto second = co_await waits;
        plain_socket next(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK));
        second.writer.write("x");
        auto got = next.receive();
        CHECK(got == "x");
    });
}

TEST_CASE("a TCP connection whose handshake hangs can be cancelled") {
    run_virtual([]() -> coro<> {
        // The kernel drops the handshakes of those for whom a full queue has no room.
        plain_socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in at = {};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        REQUIRE(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&at), size) == 0);
        REQUIRE(::listen(listener.fd(), 0) == 0);
        REQUIRE(::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
        const std::uint16_t port = ntohs(at.sin_port);
        const auto before = test::open_descriptors();
        std::vector<task<std::string>> all;
        for (int i = 0; i < 5; ++i) all.push_back(create_task(outcome_of(open_connection("127.0.0.1", port))));
        co_await io_turns(50);
        std::size_t waiting = 0;
        for (auto& each : all) waiting += !each.done();
        CHECK(waiting > 0);
        for (auto& each : all) each.cancel();
        for (auto& each : all) {
            auto outcome = co_await each;
            CHECK((outcome == "cancelled" || outcome == "done"));
        }
        CHECK(test::open_descriptors() == before);
    });
}
