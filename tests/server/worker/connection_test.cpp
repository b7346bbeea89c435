// One connection from the client's side: order, persistence, framing and buffers.
#include "tests/support/test_server.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace girin;
using namespace girin::test;

CONNECTION_TEST_CASE("a request is answered with the application's response, Date and Server") {
    with_server(answers("hello"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/"));
        const std::string response = co_await client.response();
        CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(has(response, "\r\ndate: "));
        CHECK(has(response, "\r\nserver: girin\r\n"));
        CHECK(has(response, "\r\ncontent-length: 5\r\n"));
        CHECK(body_of(response) == "hello");
    });
}

CONNECTION_TEST_CASE("a connection is kept for further requests") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        for (const char* path : {"/1", "/2", "/3"}) {
            client.send(get(path));
            const std::string response = co_await client.response();
            CHECK(body_of(response) == path);
            CHECK_FALSE(has(response, "connection:"));
        }
        CHECK(server.service.connections() == 1);
    });
}

CONNECTION_TEST_CASE("pipelined requests are answered in order with one write") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect_by_packets();
        client.send(get("/1") + get("/2") + get("/3"));
        co_await client.read_piece();
        for (const char* path : {"/1", "/2", "/3"}) {
            REQUIRE(has(client.received(), "\r\n\r\n"));
            const std::string response = co_await client.response();
            CHECK(body_of(response) == path);
        }
        CHECK(client.received().empty());
    });
}

CONNECTION_TEST_CASE("a pipelined request waits for the previous response, whose application waits") {
    auto app = [](const scope& s, receiver&, sender& send) -> coro<> {
        if (s.path == "/slow") co_await sleep(std::chrono::seconds(1));
        co_await send(http_response_start(200));
        co_await send(http_response_body(s.path));
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/slow") + get("/quick"));
        co_await server.begun(1);
        co_await settle();
        CHECK(client.look().empty());
        server.advance(std::chrono::seconds(1));
        std::string response = co_await client.response();
        CHECK(body_of(response) == "/slow");
        response = co_await client.response();
        CHECK(body_of(response) == "/quick");
    });
}

CONNECTION_TEST_CASE("a request may arrive byte by byte") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        for (char byte : get("/slowly", "Accept: text/plain\r\n")) {
            client.send({&byte, 1});
            co_await sleep(std::chrono::nanoseconds(0));
        }
        const std::string response = co_await client.response();
        CHECK(body_of(response) == "/slowly");
    });
}

CONNECTION_TEST_CASE("HTTP/1.0 is answered and closed") {
    with_server(answers("old"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("GET / HTTP/1.0\r\n\r\n");
        const std::string response = co_await client.read_rest();
        CHECK(body_of(response) == "old");
        CHECK_FALSE(client.reset());
    });
}

CONNECTION_TEST_CASE("HTTP/1.0 with keep-alive is kept") {
    with_server(answers("old"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        for (int i = 0; i < 2; ++i) {
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            const std::string response = co_await client.response();
            CHECK(has(response, "connection: keep-alive\r\n"));
        }
    });
}

CONNECTION_TEST_CASE("a body of unknown length to HTTP/1.0 ends with the connection") {
    auto app = [](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body("one ", true));
        co_await send(http_response_body("two"));
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const std::string response = co_await client.read_rest();
        CHECK_FALSE(has(response, "transfer-encoding"));
        CHECK(body_of(response) == "one two");
    });
}

CONNECTION_TEST_CASE("connection: close is honoured, from the client and from the application") {
    auto app = [](const scope& s, receiver&, sender& send) -> coro<> {
        http_response_start start(200);
        if (s.path == "/close") start.header("connection", "close");
        co_await send(start);
        co_await send(http_response_body("x"));
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client asks = server.connect();
        asks.send(get("/", "Connection: close\r\n"));
        std::string response = co_await asks.read_rest();
        CHECK(has(response, "connection: close\r\n"));
        raw_client is_told = server.connect();
        is_told.send(get("/close"));
        response = co_await is_told.read_rest();
        CHECK(has(response, "connection: close\r\n"));
        co_await server.gone();
    });
}

CONNECTION_TEST_CASE("HEAD gets the head that GET would get, without the body") {
    with_server(answers("hello"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + get("/"));
        const std::string head = co_await client.response(true);
        CHECK(has(head, "content-length: 5\r\n"));
        const std::string response = co_await client.response();
        CHECK(status_of(response) == 200);
        CHECK(body_of(response) == "hello");
    });
}

CONNECTION_TEST_CASE("a streamed body is chunked") {
    auto app = [](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body("one ", true));
        co_await send(http_response_body("two ", true));
        co_await send(http_response_body());
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/"));
        const std::string response = co_await client.response();
        CHECK(body_of(response) == "4\r\none \r\n4\r\ntwo \r\n0\r\n\r\n");
    });
}

CONNECTION_TEST_CASE("a head that is longer than the first buffer is read") {
    with_server(
        [](const scope& s, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            co_await send(http_response_body(*find_header(s.headers, "x-long")));
        },
        [](test_server& server) -> coro<> {
            raw_client client = server.connect();
            const std::string value(6'000, 'v');
            for (int i = 0; i < 3; ++i) {
                std::string fields = "X-Long: " + value + "\r\n";
                for (int n = 0; n < 6; ++n) fields += "X-Fill-" + std::to_string(n) + ": " + value + "\r\n";
                client.send(get("/", fields));
                const std::string response = co_await client.response();
                CHECK(body_of(response) == value);
            }
        });
}

CONNECTION_TEST_CASE("pipelined requests that cross the ends of the buffers come through whole") {
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        std::string requests;
        std::vector<std::string> paths;
        for (int i = 0; i < 2'000; ++i) {
            paths.push_back("/" + std::to_string(i) + std::string(static_cast<std::size_t>(i * 7 % 613), 'p'));
            requests +=
                i % 3 == 0 ? post(paths.back(), std::string(static_cast<std::size_t>(i % 97), 'b')) : get(paths.back());
        }
        task<> sending = create_task(client.send_all(requests));
        for (const std::string& path : paths) {
            const std::string response = co_await client.response();
            REQUIRE(body_of(response) == path);
        }
        co_await sending;
    });
}

CONNECTION_TEST_CASE("an Upgrade, h2c included, is answered as plain HTTP") {
    with_server(answers("plain"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(
            get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"));
        std::string response = co_await client.response();
        CHECK(status_of(response) == 200);
        client.send(get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
        response = co_await client.response();
        CHECK(body_of(response) == "plain");
    });
}

CONNECTION_TEST_CASE("after so many requests as are allowed the connection is closed, and says so") {
    with_server(answers("x"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(get("/"));
                    std::string response = co_await client.response();
                    CHECK_FALSE(has(response, "connection: close"));
                    client.send(get("/") + get("/"));
                    response = co_await client.read_rest();
                    CHECK(has(response, "connection: close\r\n"));
                    CHECK(response.find("HTTP/1.1", 1) == std::string::npos);
                },
                {.options = {.most_requests = 2}});
}

CONNECTION_TEST_CASE("the scope has the addresses of both ends") {
    auto app = [](const scope& s, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        const std::string text = std::string(s.client->host) + " " + std::to_string(*s.client->port) + " " +
                                 std::string(s.server->host) + " " + std::to_string(*s.server->port);
        co_await send(http_response_body(text));
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        sockaddr_in name = {};
        socklen_t size = sizeof name;
        ::getsockname(client.fd(), reinterpret_cast<sockaddr*>(&name), &size);
        client.send(get("/"));
        const std::string response = co_await client.response();
        CHECK(body_of(response) == "127.0.0.1 " + std::to_string(ntohs(name.sin_port)) + " 127.0.0.1 8000");
    });
}

CONNECTION_TEST_CASE("the path is decoded behind the root_path, and the raw path and the query are as they came") {
    auto app = [](const scope& s, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        const std::string text = std::string(s.path) + " " + std::string(s.raw_path) + " " +
                                 std::string(s.query_string) + " " + std::string(s.root_path);
        co_await send(http_response_body(text));
    };
    with_server(app,
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(get("/a%20b%2Fc?d=%20e"));
                    const std::string response = co_await client.response();
                    CHECK(body_of(response) == "/mounted/a b/c /a%20b%2Fc d=%20e /mounted");
                    client.send(get("/plain"));
                    const std::string plain = co_await client.response();
                    CHECK(body_of(plain) == "/mounted/plain /plain  /mounted");
                    client.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
                    const std::string whole_server = co_await client.response();
                    CHECK(body_of(whole_server) == "* *  /mounted");
                },
                {.options = {.root_path = "/mounted"}});
}
