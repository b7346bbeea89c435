// What a worker that stops does to its connections.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <girin/exceptions.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

using namespace girin;
using namespace girin::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

coro<> slow(const scope& s, receiver&, sender& send) {
    co_await sleep(seconds(1));
    co_await send(http_response_start(200));
    co_await send(http_response_body(s.path));
}

}  // namespace

CONNECTION_TEST_CASE("a connection that drains finishes its request, and says that it closes") {
    with_server(slow, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/1") + get("/2"));
        co_await server.begun(1);
        server.service.drain();
        co_await server.advance_and_settle(seconds(1));
        const std::string response = co_await client.read_rest();
        CHECK(has(response, "connection: close\r\n"));
        CHECK(body_of(response) == "/1");
        CHECK_FALSE(client.reset());
        client.close();
        co_await server.gone();
    });
}

CONNECTION_TEST_CASE("a kept connection that drains has half a second for a request that is on its way") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        raw_client silent = server.connect();
        for (raw_client* c : {&client, &silent}) {
            c->send(get("/1"));
            co_await c->response();
        }
        server.service.drain();
        co_await server.advance_and_settle(milliseconds(499));
        CHECK(server.service.connections() == 2);
        client.send(get("/2"));
        const std::string response = co_await client.read_rest();
        CHECK(body_of(response) == "/2");
        CHECK(has(response, "connection: close\r\n"));
        co_await server.pass_time_until_end(silent, milliseconds(1));
        CHECK(silent.received() == "");
        co_await server.gone();
    });
}

CONNECTION_TEST_CASE("a new connection that drains has half a second for its request") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        raw_client silent = server.connect();
        co_await settle();
        server.service.drain();
        raw_client late = server.connect();
        co_await server.advance_and_settle(milliseconds(499));
        client.send(get("/1"));
        late.send(get("/2"));
        std::string response = co_await client.read_rest();
        CHECK(body_of(response) == "/1");
        response = co_await late.read_rest();
        CHECK(body_of(response) == "/2");
        co_await server.pass_time_until_end(silent, milliseconds(1));
        co_await server.gone();
    });
}

CONNECTION_TEST_CASE("a head of which a part has been read when the drain begins has its whole time, and is answered") {
    log_capture log;
    with_server(tells_path(),
                [](test_server& server) -> coro<> {
                    raw_client fresh = server.connect();
                    raw_client kept = server.connect();
                    raw_client silent = server.connect();
                    kept.send(get("/1"));
                    co_await kept.response();
                    const std::string request = get("/2");
                    for (raw_client* c : {&fresh, &kept, &silent}) c->send(request.substr(0, 20));
                    co_await settle();
                    server.service.drain();
                    co_await server.advance_and_settle(seconds(1));
                    for (raw_client* c : {&fresh, &kept}) {
                        c->send(request.substr(20));
                        const std::string response = co_await c->read_rest();
                        CHECK(status_of(response) == 200);
                        CHECK(body_of(response) == "/2");
                        CHECK(has(response, "connection: close\r\n"));
                    }
                    co_await server.pass_time_until_end(silent, seconds(1));
                    CHECK(status_of(silent.received()) == 408);
                },
                {.options = {.head_timeout = seconds(3)}});
}

CONNECTION_TEST_CASE("content that nobody reads has half a second from the drain's beginning, however it trickles") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n0123456789");
        co_await client.response();
        co_await settle();
        server.service.drain();
        for (int i = 0; i < 4; ++i) {
            client.send("x");
            co_await server.advance_and_settle(milliseconds(150));
        }
        co_await client.read_rest();
    });
}

CONNECTION_TEST_CASE(
    "a response whose head had left when the drain began is finished, and one more request is answered") {
    bool sleeps = false;
    with_server(
        [&](const scope& s, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            co_await send(http_response_body("first ", true));
            sleeps = true;
            if (s.path == "/1") co_await sleep(seconds(1));
            co_await send(http_response_body("last"));
        },
        [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(get("/1"));
            co_await client.read_to("first ");
            co_await until([&] { return sleeps; });
            server.service.drain();
            co_await server.advance_and_settle(seconds(1));
            co_await client.read_to("0\r\n\r\n");
            client.send(get("/2"));
            const std::string response = co_await client.read_rest();
            CHECK(has(response, "connection: close\r\n"));
            CHECK(response.ends_with("last\r\n0\r\n\r\n"));
            co_await server.gone();
        });
}

CONNECTION_TEST_CASE("abort ends idle, reading, working, writing and lingering connections at once") {
    log_capture log;
    std::string events;
    const std::string large(3'000'000, 'x');
    with_server(
        [&](const scope& s, receiver& receive, sender& send) -> coro<> {
            try {
                if (s.path == "/work") co_await sleep(std::chrono::hours(1));
                if (s.path == "/read")
                    for (;;) co_await receive();
                co_await send(http_response_start(200));
                if (s.path == "/write") co_await send(http_response_body(large, true));
                co_await send(http_response_body(s.path == "/written" ? large : std::string("x")));
            } catch (const cancelled_error& e) {
                events += std::string(s.path) + "(" + e.message() + ") ";
                throw;
            }
        },
        [&](test_server& server) -> coro<> {
            std::vector<raw_client> clients;
            for (int i = 0; i < 7; ++i) clients.push_back(server.connect_narrow());
            clients[0].send(get("/work"));
            clients[1].send(post("/work", ""));
            clients[2].send("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
            clients[3].send(get("/write"));
            clients[4].send(get("/written"));
            clients[5].send(get("/", "Connection: close\r\n") + "more");
            co_await server.begun(6);
            co_await settle();
            CHECK(server.service.connections() == 7);
            server.service.abort();
            co_await server.gone();
        });
    CHECK(events ==
          "/written(the worker stops) /write(the worker stops) /read(the worker stops) /work(the worker stops) "
          "/work(the worker stops) ");
    CHECK(log.text() == "");
}

CONNECTION_TEST_CASE("the service says when its last connection has ended") {
    int empty = 0;
    with_server(tells_path(), [&](test_server& server) -> coro<> {
        server.service.on_empty = [&] { ++empty; };
        {
            raw_client first = server.connect();
            raw_client second = server.connect();
            first.close();
            co_await until([&] { return server.service.connections() == 1; });
            CHECK(empty == 0);
        }
        co_await server.gone();
        CHECK(empty == 1);
    });
}
