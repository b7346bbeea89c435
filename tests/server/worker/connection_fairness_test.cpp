// Clients that ask for much and take little, beside others.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

using namespace girin;
using namespace girin::test;

TEST_CASE("a client that takes nothing of pipelined responses is left when its time is up, and the rest is not run") {
    const std::string content(4'000, 'x');
    int calls = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        ++calls;
        co_await send(http_response_start(200));
        co_await send(http_response_body(content));
    };
    with_server(app,
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect_narrow();
                    std::string requests;
                    for (int i = 0; i < 80; ++i) requests += get("/");
                    client.send(requests);
                    co_await server.begun(1);
                    co_await server.advance_and_settle(std::chrono::seconds(2));
                    co_await server.gone();
                },
                {.options = {.write_timeout = std::chrono::seconds(1)}});
    CHECK(calls < 80);
}

TEST_CASE("what waits behind a pipelined response that is not taken is not run when the client leaves") {
    int calls = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        ++calls;
        const std::string small(4'000, 'x');
        co_await send(http_response_start(200));
        co_await send(http_response_body(small));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        std::string requests;
        for (int i = 0; i < 80; ++i) requests += get("/");
        client.send(requests);
        co_await settle();
        client.abort();
        co_await server.gone();
    });
    CHECK(calls < 80);
}

TEST_CASE("in threads, a client that pipelines without end gives way to one that waits") {
    const with_threads one(1);
    std::string order;
    bool go = false;
    auto app = [&](const scope& s, receiver&, sender& send) -> coro<> {
        order += s.path.substr(1);
        while (!go) co_await sleep(std::chrono::nanoseconds(0));
        co_await send(http_response_start(200));
        co_await send(http_response_body(s.path));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client greedy = server.connect();
        std::string requests;
        for (int i = 0; i < 40; ++i) requests += get("/a");
        greedy.send(requests);
        co_await server.begun(1);
        raw_client modest = server.connect();
        modest.send(get("/b"));
        co_await settle();
        go = true;
        const std::string response = co_await modest.response();
        CHECK(body_of(response) == "/b");
        for (int i = 0; i < 40; ++i) {
            const std::string answer = co_await greedy.response();
            CHECK(body_of(answer) == "/a");
        }
    });
    CHECK(order.find('b') < 5);
    CHECK(std::ranges::count(order, 'a') == 40);
}

TEST_CASE("in threads, a request for which no thread is free in time is answered with 503") {
    const with_threads one(1);
    log_capture log;
    with_server(
        [](const scope& s, receiver&, sender& send) -> coro<> {
            if (s.path == "/hold") co_await sleep(std::chrono::hours(1));
            co_await send(http_response_start(200));
            co_await send(http_response_body());
        },
        [](test_server& server) -> coro<> {
            raw_client kept = server.connect();
            kept.send(get("/"));
            co_await kept.response();
            raw_client holder = server.connect();
            holder.send(get("/hold"));
            co_await server.begun(2);
            raw_client fresh = server.connect();
            for (raw_client* client : {&kept, &fresh}) client->send(get("/"));
            co_await settle();
            for (raw_client* client : {&kept, &fresh}) {
                co_await server.pass_time_until_end(*client, std::chrono::seconds(1));
                CHECK(status_of(client->received()) == 503);
                CHECK(has(client->received(), "retry-after: 1\r\n"));
                CHECK(has(client->received(), "connection: close\r\n"));
            }
        });
    CHECK(log.count("Invalid request from 127.0.0.1: 503") == 0);
}

TEST_CASE("in threads, heads that arrive slowly keep no thread, and are read however they are cut") {
    const with_threads one(1);
    with_server(tells_path(), [](test_server& server) -> coro<> {
        const std::string request = get("/slow", "X: " + std::string(6'000, 'x') + "\r\n");
        std::vector<raw_client> slow;
        for (int i = 0; i < 20; ++i) slow.push_back(server.connect());
        for (std::size_t at = 0; at < request.size(); at += 1'500) {
            for (raw_client& client : slow) client.send(request.substr(at, 1'500));
            raw_client quick = server.connect();
            quick.send(get("/quick"));
            const std::string response = co_await quick.response();
            CHECK(body_of(response) == "/quick");
        }
        for (raw_client& client : slow) {
            const std::string response = co_await client.response();
            CHECK(body_of(response) == "/slow");
        }
    });
}

TEST_CASE("in threads, content that nobody reads and that comes slowly keeps no thread, and the connection is kept") {
    const with_threads one(1);
    const std::string content(10'000, 'c');
    const std::string plain = post("/slow", content);
    const std::string chunked = "POST /slow HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n" +
                                content + "\r\n0\r\nX-Trailer: x\r\n\r\n";
    for (const std::string& request : {plain, chunked}) {
        with_server(tells_path(), [&](test_server& server) -> coro<> {
            raw_client slow = server.connect();
            bool answered = false;
            for (std::size_t at = 0; at < request.size(); at += 999) {
                slow.send(request.substr(at, 999));
                raw_client quick = server.connect();
                quick.send(get("/quick"));
                const std::string response = co_await quick.response();
                CHECK(body_of(response) == "/quick");
                if (std::exchange(answered, true)) continue;
                const std::string answer = co_await slow.response();
                CHECK(body_of(answer) == "/slow");
            }
            slow.send(get("/next"));
            const std::string next = co_await slow.response();
            CHECK(body_of(next) == "/next");
        });
    }
}

CONNECTION_TEST_CASE("content that nobody reads has one deadline, and its client keeps the response") {
    constexpr int most = 2'000;  // virtual ones: a thread may take a while to see what there is
    int seconds = 0;
    with_server(tells_path(),
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n");
                    co_await client.response();
                    while (!client.ended() && seconds < most) {
                        client.send("x");
                        co_await server.advance_and_settle(std::chrono::seconds(1));
                        client.look();
                        ++seconds;
                    }
                    client.send("x");
                    co_await settle();
                    client.look();
                    CHECK_FALSE(client.reset());
                },
                {.options = {.body_timeout = std::chrono::seconds(10)}});
    CHECK(seconds >= 10);
    CHECK(seconds < most);
}

TEST_CASE("in threads, a client that goes on sending after its last response keeps no thread, and has two seconds") {
    const with_threads one(1);
    with_server(tells_path(), [](test_server& server) -> coro<> {
        raw_client talks = server.connect();
        talks.send(get("/last", "Connection: close\r\n") + "more");
        const std::string last = co_await talks.read_rest();
        CHECK(body_of(last) == "/last");
        raw_client quick = server.connect();
        quick.send(get("/quick"));
        const std::string response = co_await quick.response();
        CHECK(body_of(response) == "/quick");
        quick.close();
        co_await until([&] { return server.service.connections() == 1; }, "the other one has ended");
        co_await server.advance_and_settle(std::chrono::seconds(1));
        CHECK(server.service.connections() == 1);
        talks.send("and more");
        co_await server.advance_and_settle(std::chrono::seconds(1));
        co_await server.gone();
        CHECK_FALSE(talks.reset());
    });
}
