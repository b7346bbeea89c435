// Cancels tasks that use streams at every await point in turn: no byte is lost, no descriptor stays open, nothing
// leaks.
#include "tests/support/cancel_everywhere.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/until.hpp"

#include <girin/open_connection.hpp>
#include <girin/server.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::cancel_everywhere;
using girin::test::stress_program;
using girin::test::tasks_of;
using girin::test::token;
using girin::test::until;

namespace {

template <class Program>
int cancel_each() {
    const auto descriptors = test::open_descriptors();
    const int runs = cancel_everywhere<Program>({.settled_after = 60});
    CHECK(test::open_descriptors() == descriptors);
    return runs;
}

// One writes more than the kernel takes, and three read it in three ways, one after the other.
struct one_way : stress_program {
    std::unique_ptr<connection> from, to;
    std::string written, got;

    coro<> prepare() {
        int fds[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        from = open(fds[0]);
        to = open(fds[1]);
        from->writer.set_write_buffer_limits(0, 0);
        co_return;
    }
    static std::unique_ptr<connection> open(int fd) {
        auto transport = std::make_unique<detail::socket_transport>(detail::descriptor(fd));
        return std::make_unique<connection>(
            detail::handles_of(detail::open_socket_stream(std::move(transport), 400'000)));
    }
    coro<> write(token) {
        for (int i = 0; i < 5; ++i) {
            std::string piece(150'000, static_cast<char>('a' + i));
            piece.back() = '\n';
            from->writer.write(piece);
            written += piece;
            co_await from->writer.drain();
        }
        from->writer.write_eof();
    }
    coro<> read(token) {
        try {
            got += co_await to->reader.readexactly(100'000);
            got += co_await to->reader.readline();
            got += co_await to->reader.readuntil("c\n");
        } catch (const incomplete_read_error& e) {
            got += e.partial();
        }
        while (!to->reader.at_eof()) {
            got += co_await to->reader.read(70'000);
            co_await sleep(0s);
        }
    }
    // Beside the writer of the same stream.
    coro<> read_back(token) { co_await from->reader.read(); }

    tasks_of start(token t) {
        to->writer.write_eof();
        return {create_task(write(t)), create_task(read(t)), create_task(read_back(t))};
    }
    coro<> check(const tasks_of& tasks) {
        if (tasks[0].done()) {
            from->writer.close();
            co_await until([&] { return tasks[1].done(); });
        }
        got += co_await to->reader.read();
        from->writer.close();
        co_await from->writer.wait_closed();
        const bool same = got == written;
        CHECK(same);
    }
};

// Three clients ask a server.
struct server_and_clients : stress_program {
    std::unique_ptr<server> s;
    std::uint16_t port = 0;
    int answers = 0;

    coro<> prepare() {
        auto echo = [](stream_reader reader, stream_writer writer) -> coro<> {
            try {
                while (auto line = co_await reader.next()) {
                    writer.write(*line);
                    co_await writer.drain();
                }
                writer.close();
                co_await writer.wait_closed();
            } catch (const std::system_error&) {  // of a client that has left its answer unread
            }
        };
        s = std::make_unique<server>(co_await start_server(echo, "127.0.0.1", 0));
        port = s->port();
    }
    coro<> ask(token) {
        auto client = co_await open_connection("127.0.0.1", port);
        for (std::string question : {"one\n", "two\n"}) {
            client.writer.write(question);
            co_await client.writer.drain();
            auto answer = co_await client.reader.readline();
            CHECK(answer == question);
        }
        client.writer.close();
        co_await client.writer.wait_closed();
        ++answers;
    }

    tasks_of start(token t) { return {create_task(ask(t)), create_task(ask(t)), create_task(ask(t))}; }
    coro<> check(const tasks_of&) {
        CHECK(answers >= 2);
        s->close();
        co_await s->wait_closed();
    }
};

// A server that is closed while clients come.
struct server_that_ends : stress_program {
    std::unique_ptr<server> s;
    std::uint16_t port = 0;

    coro<> prepare() {
        auto stay = [](stream_reader reader, stream_writer) -> coro<> { co_await reader.read(); };
        s = std::make_unique<server>(co_await start_server(stay, "127.0.0.1", 0));
        port = s->port();
    }
    coro<> connect(token) {
        try {
            auto client = co_await open_connection("127.0.0.1", port);
            co_await client.reader.read();
        } catch (const std::system_error&) {  // refused, or reset while it waited to be accepted
        }
    }
    coro<> serve(token) { co_await s->serve_forever(); }

    tasks_of start(token t) { return {create_task(serve(t)), create_task(connect(t)), create_task(connect(t))}; }
    coro<> check(const tasks_of&) {
        s->close();
        s->close_clients();
        co_await s->wait_closed();
    }
};

}  // namespace

TEST_CASE("whenever a reader or writer is cancelled, every byte that was written can be read") {
    CHECK(cancel_each<one_way>() > 50);
}

TEST_CASE("whenever a client is cancelled, the others get their answers and every connection is closed") {
    CHECK(cancel_each<server_and_clients>() > 50);
}

TEST_CASE("whenever a server or its clients are cancelled, every connection is closed") {
    CHECK(cancel_each<server_that_ends>() > 30);
}
