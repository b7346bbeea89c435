#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/streams.hpp"

#include <girin/event.hpp>
#include <girin/exceptions.hpp>
#include <girin/gather.hpp>
#include <girin/open_connection.hpp>
#include <girin/runner.hpp>
#include <girin/server.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::io_turns;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::until;

namespace {

coro<> echo(stream_reader reader, stream_writer writer) {
    while (auto line = co_await reader.next()) {
        writer.write(*line);
        co_await writer.drain();
    }
}

coro<> stay(stream_reader reader, stream_writer) {
    co_await reader.read();
}

coro<std::string> ask(std::uint16_t port, std::string question) {
    auto client = co_await open_connection("127.0.0.1", port);
    client.writer.write(question + "\n");
    co_return co_await client.reader.readline();
}

}  // namespace

TEST_CASE("a server runs its callback for each client") {
    const auto before = test::open_descriptors();
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(echo, "127.0.0.1", 0);
        CHECK(s.is_serving());
        auto [a, b, c] = co_await gather(ask(s.port(), "a"), ask(s.port(), "b"), ask(s.port(), "c"));
        CHECK(a == "a\n");
        CHECK(b == "b\n");
        CHECK(c == "c\n");
        s.close();
        co_await s.wait_closed();
    });
    CHECK(test::open_descriptors() == before);
}

TEST_CASE("a callback keeps what it has captured until its last client is gone") {
    run_virtual([]() -> coro<> {
        auto captured = std::make_shared<std::string>("hello ");
        std::weak_ptr<std::string> watch = captured;
        auto greet = [captured = std::move(captured)](stream_reader reader, stream_writer writer) -> coro<> {
            std::string name = co_await reader.readline();
            writer.write(*captured + name);
        };
        auto s = co_await start_server(std::move(greet), "127.0.0.1", 0);
        auto client = co_await open_connection("127.0.0.1", s.port());
        co_await io_turns(5);
        s.close();
        {
            auto forgotten = std::move(s);
        }
        client.writer.write("Ada\n");
        auto greeting = co_await client.reader.read();
        CHECK(greeting == "hello Ada\n");
        co_await io_turns(3);
        CHECK(watch.expired());
    });
}

TEST_CASE("a server goes on when its handle is dropped, until its loop is closed") {
    const auto before = test::open_descriptors();
    run_virtual([]() -> coro<> {
        auto start = []() -> coro<std::uint16_t> {
            auto s = co_await start_server(echo, "127.0.0.1", 0);
            co_return s.port();
        };
        auto port = co_await start();
        auto answer = co_await ask(port, "still there");
        CHECK(answer == "still there\n");
    });
    CHECK(test::open_descriptors() == before);
}

TEST_CASE("a closed server turns clients away, and wait_closed waits for those that it has") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(stay, "127.0.0.1", 0);
        const auto port = s.port();
        auto client = co_await open_connection("127.0.0.1", port);
        co_await io_turns(5);
        auto closed = create_task(s.wait_closed());
        co_await io_turns(3);
        s.close();
        s.close();
        CHECK_FALSE(s.is_serving());
        CHECK(s.sockets().empty());
        CHECK_THROWS_AS(s.port(), std::runtime_error);
        auto refused = co_await outcome_of(open_connection("127.0.0.1", port));
        CHECK(refused == "Connection refused");
        CHECK_FALSE(closed.done());
        client.writer.close();
        co_await closed;
        co_await s.wait_closed();
        CHECK_THROWS_AS(s.start_serving(), std::runtime_error);
    });
}

TEST_CASE("a server that has no client is closed at once") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(stay, "127.0.0.1", 0);
        auto closed = create_task(s.wait_closed());
        co_await io_turns(3);
        CHECK_FALSE(closed.done());
        s.close();
        co_await closed;
    });
}

TEST_CASE("close_clients sends what waits, and abort_clients does not") {
    run_virtual([]() -> coro<> {
        const std::string much(8'000'000, 'x');
        auto pour = [much](stream_reader reader, stream_writer writer) -> coro<> {
            writer.write(much);
            co_await reader.read();
        };
        auto s = co_await start_server(pour, "127.0.0.1", 0);
        auto first = co_await open_connection("127.0.0.1", s.port());
        co_await first.reader.readexactly(1);
        s.close_clients();
        auto rest = co_await first.reader.read();
        CHECK(rest.size() == much.size() - 1);
        auto second = co_await open_connection("127.0.0.1", s.port());
        co_await second.reader.readexactly(1);
        s.abort_clients();
        rest = co_await second.reader.read();
        CHECK(rest.size() < much.size() - 1);
        s.close();
        co_await s.wait_closed();
    });
}

TEST_CASE("serve_forever closes the server and its connections when it is cancelled") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(stay, "127.0.0.1", 0, {.start_serving = false});
        CHECK_FALSE(s.is_serving());
        const auto port = s.port();
        auto early = co_await outcome_of(open_connection("127.0.0.1", port));
        CHECK(early == "Connection refused");
        auto forever = create_task(outcome_of(s.serve_forever()));
        co_await io_turns(2);
        CHECK(s.is_serving());
        auto second = co_await outcome_of(s.serve_forever());
        CHECK(second == "another task is in serve_forever() of this server");
        auto client = co_await open_connection("127.0.0.1", port);
        co_await io_turns(5);
        forever.cancel();
        auto end = co_await client.reader.read();
        CHECK(end == "");
        auto outcome = co_await forever;
        CHECK(outcome == "cancelled");
        CHECK_FALSE(s.is_serving());
    });
}

TEST_CASE("serve_forever raises cancelled_error when the server is closed, and leaves its connections alone") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(echo, "127.0.0.1", 0);
        auto forever = create_task(outcome_of(s.serve_forever()));
        auto client = co_await open_connection("127.0.0.1", s.port());
        co_await io_turns(5);
        s.close();
        auto outcome = co_await forever;
        CHECK(outcome == "cancelled:the server was closed");
        client.writer.write("x\n");
        auto answer = co_await client.reader.readline();
        CHECK(answer == "x\n");
        auto closed = co_await outcome_of(s.serve_forever());
        CHECK(closed == "the server is closed");
    });
}

TEST_CASE("what a callback raises goes to the exception handler and closes its connection") {
    run_virtual([]() -> coro<> {
        std::string reported;
        loop::running().set_exception_handler(
            [&](loop&, const exception_context& context) { reported = context.message; });
        auto fail = [](stream_reader reader, stream_writer) -> coro<> {
            co_await reader.readline();
            throw std::domain_error("x");
        };
        auto s = co_await start_server(fail, "127.0.0.1", 0);
        auto answer = co_await ask(s.port(), "anything");
        CHECK(answer == "");
        CHECK(reported == "unhandled exception in the callback of a server");
        answer = co_await ask(s.port(), "again");
        CHECK(answer == "");
        loop::running().set_exception_handler(nullptr);
    });
}

TEST_CASE("a server listens at every address of its host") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(echo, "", 0);
        REQUIRE(s.sockets().size() >= 1);
        for (const socket_address& address : s.sockets()) {
            auto client =
                co_await open_connection(address.family == address_family::ipv6 ? "::1" : "127.0.0.1", address.port);
            client.writer.write("x\n");
            auto answer = co_await client.reader.readline();
            CHECK(answer == "x\n");
        }
        auto only = co_await start_server(echo, "", 0, {.family = address_family::ipv4});
        REQUIRE(only.sockets().size() == 1);
        CHECK(only.sockets()[0].host == "0.0.0.0");
    });
}

TEST_CASE("a port that is taken raises an error that names it") {
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(echo, "127.0.0.1", 0);
        std::string what;
        try {
            co_await start_server(echo, "127.0.0.1", s.port());
        } catch (const std::system_error& e) {
            what = e.what();
        }
        CHECK(what == "cannot listen at 127.0.0.1:" + std::to_string(s.port()) + ": Address already in use");
        auto a = co_await start_server(echo, "127.0.0.1", 0, {.reuse_port = true});
        auto b = co_await start_server(echo, "127.0.0.1", a.port(), {.reuse_port = true});
        CHECK(a.port() == b.port());
    });
}

TEST_CASE("a unix server replaces a socket, not a file, and removes its own") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        const std::string path = folder.path("socket");
        auto first = co_await start_unix_server(echo, path);
        auto second = co_await start_unix_server(echo, path);
        auto client = co_await open_unix_connection(path);
        client.writer.write("x\n");
        auto answer = co_await client.reader.readline();
        CHECK(answer == "x\n");
        CHECK(client.writer.peername().host == path);
        first.close();
        CHECK(std::filesystem::exists(path));
        second.close();
        CHECK_FALSE(std::filesystem::exists(path));
        std::ofstream(path) << "a file";
        auto taken = co_await outcome_of(start_unix_server(echo, path));
        CHECK(taken == "Address already in use");
        auto too_long = co_await outcome_of(start_unix_server(echo, std::string(200, 'x')));
        CHECK(too_long.starts_with("no address of a socket"));
    });
}

TEST_CASE("a server may be in the abstract namespace") {
    run_virtual([]() -> coro<> {
        const std::string name = std::string(1, '\0') + "girin-test-" + std::to_string(::getpid());
        auto s = co_await start_unix_server(echo, name);
        CHECK(s.sockets().at(0).host == name);
        auto client = co_await open_unix_connection(name);
        client.writer.write("x\n");
        auto answer = co_await client.reader.readline();
        CHECK(answer == "x\n");
    });
}

// UBSan opens pipes to look at an object.
#if !defined(__SANITIZE_UNDEFINED__) && !(defined(__has_feature) && __has_feature(undefined_behavior_sanitizer))
TEST_CASE("a server without descriptors says so, and tries again every second") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> reports;
        loop::running().set_exception_handler(
            [&](loop&, const exception_context& context) { reports.push_back(context.message); });
        auto s = co_await start_server(echo, "127.0.0.1", 0);
        auto client = co_await open_connection("127.0.0.1", s.port());
        co_await io_turns(5);
        rlimit before = {};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        const int a = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        rlimit none = before;
        none.rlim_cur = 0;
        sockaddr_in at = {};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(s.port());
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        ::connect(a, reinterpret_cast<sockaddr*>(&at), sizeof at);
        co_await until([&] { return !reports.empty(); });
        co_await io_turns(20);
        CHECK(reports == std::vector<std::string>{"cannot accept a connection"});
        loop::running().advance(1s);
        co_await until([&] { return reports.size() == 2; });
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
        loop::running().advance(1s);
        REQUIRE(::send(a, "x\n", 2, MSG_NOSIGNAL) == 2);
        char answer[2] = {};
        co_await until([&] { return ::recv(a, answer, 2, 0) == 2; });
        CHECK(answer[0] == 'x');
        CHECK(reports.size() == 2);
        ::close(a);
        loop::running().set_exception_handler(nullptr);
    });
}
#endif

TEST_CASE("run ends with a server and clients that are still there") {
    const auto before = test::open_descriptors();
    run_virtual([]() -> coro<> {
        auto s = co_await start_server(stay, "127.0.0.1", 0);
        auto client = co_await open_connection("127.0.0.1", s.port());
        co_await io_turns(5);
    });
    CHECK(test::open_descriptors() == before);
}
