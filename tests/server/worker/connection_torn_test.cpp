// Responses that are not sent whole: what their clients see.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <girin/exceptions.hpp>

#include <doctest/doctest.h>

#include <utility>

using namespace girin;
using namespace girin::test;

namespace {

const std::string old_get = "GET / HTTP/1.0\r\n\r\n";

coro<> stops_half_way(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    co_await send(http_response_body("part", true));
    throw std::runtime_error("a mistake");
}

coro<> sends_in_two_pieces(const scope&, receiver&, sender& send) {
    co_await send(http_response_start(200));
    co_await send(http_response_body("first ", true));
    co_await send(http_response_body("last"));
}

}  // namespace

CONNECTION_TEST_CASE("a response that ends with the connection is reset when the application fails half-way") {
    log_capture log;
    with_server(stops_half_way, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(old_get);
        co_await client.read_rest();
        CHECK(client.reset());
    });
}

CONNECTION_TEST_CASE("a response that ends with the connection and is whole ends as usual") {
    with_server(sends_in_two_pieces, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(old_get);
        const std::string response = co_await client.read_rest();
        CHECK(body_of(response) == "first last");
        CHECK_FALSE(client.reset());
    });
}

CONNECTION_TEST_CASE("a response that ends with the connection is reset when the worker stops in its middle") {
    const std::string large(3'000'000, 'x');
    for (bool last : {true, false}) {
        with_server(
            [&](const scope&, receiver&, sender& send) -> coro<> {
                co_await send(http_response_start(200));
                co_await send(http_response_body("begins ", true));
                co_await send(http_response_body(large, !last));
            },
            [](test_server& server) -> coro<> {
                raw_client client = server.connect_narrow();
                client.send(old_get);
                co_await server.begun(1);
                co_await settle();
                server.service.abort();
                co_await client.read_rest();
                CHECK(client.reset());
            });
    }
}

CONNECTION_TEST_CASE("a response whose end its framing tells needs no reset when it is torn") {
    log_capture log;
    with_server(stops_half_way, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/"));
        const std::string response = co_await client.read_rest();
        CHECK(body_of(response) == "4\r\npart\r\n");
        CHECK_FALSE(client.reset());
    });
}

CONNECTION_TEST_CASE("a send that nobody awaits keeps others out while it is under way, and tears what it leaves") {
    log_capture log;
    std::string refusal;
    bool over = false;
    const std::string large(3'000'000, 'x');
    with_server(
        [&](const scope&, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            auto forgotten = send(http_response_body(large, true));
            try {
                co_await send(http_response_body("last"));
            } catch (const asgi_error& error) {
                refusal = error.what();
            }
            over = true;
        },
        [&](test_server& server) -> coro<> {
            raw_client client = server.connect_narrow();
            client.send(get("/"));
            co_await until([&] { return over; }, "the application returns");
            co_await server.gone();
            const std::string response = co_await client.read_rest();
            CHECK_FALSE(response.ends_with("0\r\n\r\n"));
        });
    CHECK(refusal == "Expected one send at a time, but another is under way.");
}

CONNECTION_TEST_CASE("a client gets to read its last response, whatever it has sent behind the request") {
    raw_client* client = nullptr;
    with_server(
        [&](const scope&, receiver&, sender& send) -> coro<> {
            client->send(get("/more") + get("/and/more"));
            co_await send(http_response_start(200));
            co_await send(http_response_body("whole"));
        },
        [&](test_server& server) -> coro<> {
            raw_client talks = server.connect();
            client = &talks;
            talks.send(get("/", "Connection: close\r\n"));
            const std::string response = co_await talks.read_rest();
            CHECK(body_of(response) == "whole");
            CHECK_FALSE(talks.reset());
            talks.send_fin();
            co_await server.gone();
        });
}

CONNECTION_TEST_CASE("what send and receive return may be awaited later") {
    const std::string large(3'000'000, 'x');
    bool waits = false;
    with_server(
        [&](const scope&, receiver& receive, sender& send) -> coro<> {
            auto content = receive();
            waits = true;
            co_await sleep(std::chrono::seconds(1));
            const receive_message message = co_await std::move(content);
            const std::string text(message.as<http_request>()->body);
            co_await send(http_response_start(200));
            auto sending = send(http_response_body(large, true));
            co_await sleep(std::chrono::seconds(1));
            co_await std::move(sending);
            co_await send(http_response_body(text));
        },
        [&](test_server& server) -> coro<> {
            raw_client client = server.connect_narrow();
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
            co_await until([&] { return waits; }, "the application waits");
            client.send("abc");
            co_await server.advance_and_settle(std::chrono::seconds(1));
            std::string response = co_await client.read(large.size());
            co_await server.advance_and_settle(std::chrono::seconds(1));
            response += co_await client.read_to("0\r\n\r\n");
            CHECK(response.ends_with("\r\n3\r\nabc\r\n0\r\n\r\n"));
        });
}
