// The deadlines of a connection, on a loop of virtual time.
#include "tests/support/test_server.hpp"

#include <girin/exceptions.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <optional>

using namespace girin;
using namespace girin::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const worker::connection_options options = {
    .keep_alive = seconds(5), .head_timeout = seconds(15), .body_timeout = seconds(30), .write_timeout = seconds(40)};

coro<> read_all(const scope&, receiver& receive, sender& send) {
    for (bool more = true; more;) {
        receive_message message = co_await receive();
        const auto* piece = message.as<http_request>();
        if (!piece) co_return;
        more = piece->more_body;
    }
    co_await send(http_response_start(200));
    co_await send(http_response_body("all"));
}

}  // namespace

TEST_CASE("a client that sends nothing is closed after the head deadline, without an answer") {
    with_server(answers("x"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    co_await server.advance_and_settle(milliseconds(14'999));
                    CHECK(server.service.connections() == 1);
                    server.advance(milliseconds(1));
                    const std::string rest = co_await client.read_rest();
                    CHECK(rest == "");
                    co_await server.gone();
                },
                {.options = options});
}

TEST_CASE("a head that does not arrive in time is answered with 408") {
    with_server(answers("x"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send("GET / HTTP/1.1\r\nHo");
                    co_await server.advance_and_settle(milliseconds(14'999));
                    CHECK(client.look() == "");
                    server.advance(milliseconds(1));
                    const std::string rest = co_await client.read_rest();
                    CHECK(status_of(rest) == 408);
                    CHECK(has(rest, "connection: close\r\n"));
                },
                {.options = options});
}

TEST_CASE("a head that comes byte by byte does not extend its deadline") {
    with_server(answers("x"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    for (int second = 0; second < 15; ++second) {
                        client.send("G");
                        co_await server.advance_and_settle(seconds(1));
                    }
                    const std::string rest = co_await client.read_rest();
                    CHECK(status_of(rest) == 408);
                },
                {.options = options});
}

TEST_CASE("a request that is complete when its deadline passes is answered") {
    for (bool kept : {false, true}) {
        with_server(read_all,
                    [&](test_server& server) -> coro<> {
                        raw_client client = server.connect();
                        if (kept) {
                            client.send(post("/", ""));
                            co_await client.response();
                        }
                        const std::string request = post("/", "content");
                        client.send(request.substr(0, 20));
                        co_await settle();
                        client.send(request.substr(20, request.size() - 23));
                        server.advance(seconds(15));
                        co_await settle();
                        if (has(client.look(), "408")) co_return;  // the loop looked at the clock first
                        client.send(request.substr(request.size() - 3));
                        const std::string response = co_await client.response();
                        CHECK(status_of(response) == 200);
                    },
                    {.options = options});
    }
}

TEST_CASE("an idle connection is closed after the keep-alive deadline, without an answer") {
    with_server(answers("x"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    for (int i = 0; i < 3; ++i) {
                        client.send(get("/"));
                        co_await client.response();
                        co_await server.advance_and_settle(milliseconds(4'999));
                        CHECK(server.service.connections() == 1);
                    }
                    server.advance(milliseconds(1));
                    const std::string rest = co_await client.read_rest();
                    CHECK(rest == "");
                },
                {.options = options});
}

TEST_CASE("the next head on a kept connection has the head deadline") {
    with_server(answers("x"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(get("/"));
                    co_await client.response();
                    co_await server.advance_and_settle(seconds(4));
                    client.send("GET /");
                    co_await settle();
                    co_await server.advance_and_settle(milliseconds(14'999));
                    CHECK(client.look() == "");
                    server.advance(milliseconds(1));
                    const std::string rest = co_await client.read_rest();
                    CHECK(status_of(rest) == 408);
                },
                {.options = options});
}

TEST_CASE("content that stops coming is answered with 408, and receive yields http.disconnect") {
    std::string types;
    bool raised = false;
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        for (int i = 0; i < 3; ++i) types += std::string((co_await receive()).type()) + " ";
        try {
            co_await send(http_response_start(200));
        } catch (const client_disconnected&) {
            raised = true;
        }
    };
    with_server(app,
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc");
                    co_await settle();
                    co_await server.advance_and_settle(milliseconds(29'999));
                    CHECK(client.look() == "");
                    server.advance(milliseconds(1));
                    const std::string rest = co_await client.read_rest();
                    CHECK(status_of(rest) == 408);
                },
                {.options = options});
    CHECK(types == "http.request http.disconnect http.disconnect ");
    CHECK(raised);
}

TEST_CASE("every piece of content extends its deadline") {
    with_server(read_all,
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
                    for (int i = 0; i < 5; ++i) {
                        co_await server.advance_and_settle(seconds(29));
                        client.send("x");
                        co_await settle();
                    }
                    const std::string response = co_await client.response();
                    CHECK(status_of(response) == 200);
                },
                {.options = options});
}

TEST_CASE("no deadline runs while the application works") {
    auto app = [](const scope&, receiver&, sender& send) -> coro<> {
        co_await sleep(std::chrono::hours(1));
        co_await send(http_response_start(200));
        co_await send(http_response_body("late"));
    };
    with_server(app,
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(post("/", "unread content"));
                    co_await settle();
                    co_await server.advance_and_settle(std::chrono::minutes(59));
                    server.advance(std::chrono::minutes(1));
                    const std::string response = co_await client.response();
                    CHECK(body_of(response) == "late");
                },
                {.options = options});
}

TEST_CASE("a client that reads nothing is given up after the write deadline") {
    const std::string large(10'000'000, 'x');
    int sent = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        for (;;) {
            co_await send(http_response_body(large, true));
            ++sent;
        }
    };
    with_server(app,
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect_narrow_locally();
                    client.send(post("/", ""));
                    co_await settle();
                    co_await server.advance_and_settle(milliseconds(39'999));
                    CHECK(server.service.connections() == 1);
                    server.advance(milliseconds(1));
                    co_await server.gone();
                },
                {.options = options});
    CHECK(sent == 1);
}

TEST_CASE("a deadline of the content's that passes meanwhile does not extend that of a write") {
    const std::string large(10'000'000, 'x');
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        try {
            co_await timeout(seconds(1), [&]() -> coro<> { co_await receive(); });
        } catch (const timeout_error&) {
        }
        co_await send(http_response_start(200));
        co_await send(http_response_body(large));
    };
    with_server(app,
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect_narrow_locally();
                    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
                    co_await server.begun(1);
                    co_await server.advance_and_settle(seconds(1));
                    for (int i = 0; i < 39; ++i) co_await server.advance_and_settle(seconds(1));
                    CHECK(server.service.connections() == 1);
                    server.advance(seconds(1));
                    co_await server.gone();
                },
                {.options = options});
}

TEST_CASE("a client that reads a little now and then is not given up") {
    const std::string large(2'000'000, 'x');
    with_server(answers(large),
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect_narrow_locally();
                    client.send(get("/"));
                    co_await settle();
                    std::size_t got = 0;
                    for (int i = 0; i < 6; ++i) {
                        co_await server.advance_and_settle(seconds(39));
                        REQUIRE(server.service.connections() == 1);
                        char piece[200'000];
                        const ssize_t size = ::recv(client.fd(), piece, sizeof piece, 0);
                        REQUIRE(size > 0);
                        got += static_cast<std::size_t>(size);
                        co_await settle();
                    }
                    const std::string rest = co_await client.read(large.size() - got);
                    CHECK(rest.size() + got == large.size());
                },
                {.options = options});
}

TEST_CASE("a client that neither sends its content nor reads its response runs into a deadline") {
    const std::string large(10'000'000, 'x');
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        auto listen = [&]() -> coro<> {
            for (;;) {
                receive_message message = co_await receive();
                if (message.as<http_disconnect>()) break;
            }
        };
        task<> listening = create_task(listen());
        co_await send(http_response_start(200));
        co_await send(http_response_body(large, true));
        co_await listening;
    };
    with_server(app,
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect_narrow_locally();
                    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc");
                    co_await settle();
                    server.advance(seconds(30));
                    co_await server.gone();
                },
                {.options = options});
}

TEST_CASE("a client that goes on sending after its last response is listened to for two seconds at most") {
    with_server(answers("x"),
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(get("/", "Connection: close\r\n") + get("/") + "more");
                    const std::string response = co_await client.read_rest();
                    CHECK(status_of(response) == 200);
                    co_await server.advance_and_settle(seconds(1));
                    CHECK(server.service.connections() == 1);
                    client.send("and more");
                    co_await settle();
                    server.advance(seconds(1));
                    co_await server.gone();
                },
                {.options = options});
}

TEST_CASE("content for which nobody waits may take its time") {
    for (bool comes : {true, false}) {
        auto app = [](const scope&, receiver& receive, sender& send) -> coro<> {
            const bool is_there = receive().await_ready();
            co_await sleep(std::chrono::minutes(2));
            co_await send(http_response_start(is_there ? 500 : 200));
            co_await send(http_response_body());
        };
        with_server(app, [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
            co_await server.begun(1);
            if (comes) client.send("abc");
            for (int i = 0; i < 3; ++i) co_await server.advance_and_settle(std::chrono::seconds(40));
            const std::string response = co_await client.response();
            CHECK(status_of(response) == 200);
        });
    }
}
