// Requests that the application never sees, and what the connection does with them.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <doctest/doctest.h>

using namespace girin;
using namespace girin::test;

namespace {

// What a client gets that sends these bytes, up to the end of the connection.
std::string answer_to(const std::string& bytes, const http1::limits& limits = {}) {
    std::string answer;
    int calls = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        ++calls;
        co_await send(http_response_start(200));
        co_await send(http_response_body("called"));
    };
    with_server(app,
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(bytes);
                    answer = co_await client.read_rest();
                    CHECK_FALSE(client.reset());
                },
                {.limits = limits});
    CHECK(calls == 0);
    return answer;
}

}  // namespace

CONNECTION_TEST_CASE("a request that cannot be read is answered with its status and the connection closed") {
    struct {
        int status;
        std::string request;
    } cases[] = {
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET /\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\nHost: a\n\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, "\x16\x03\x01\x02\x01\x01\x01"},
        {417, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: miracles\r\n\r\n"},
        {501, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
    };
    for (const auto& c : cases) {
        const std::string answer = answer_to(c.request);
        CHECK_MESSAGE(status_of(answer) == c.status, c.request, answer);
        CHECK(has(answer, "connection: close\r\n"));
        CHECK(has(answer, "content-type: text/plain"));
        CHECK(has(answer, "\r\ndate: "));
    }
}

CONNECTION_TEST_CASE("a request that is refused is logged with its client") {
    log_capture log;
    answer_to("GET / HTTP/1.1\r\n\r\n");
    CHECK(log.count("[WARNING] Invalid request from 127.0.0.1: 400 Host header missing") == 1);
}

TEST_CASE("in threads, a head that does not arrive in time is answered with 408 as the connection's last response") {
    const with_threads two(2);
    with_server(answers("hello"),
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(get("/"));
                    co_await client.response();
                    client.send("GET / HT");
                    co_await server.pass_time_until_end(client, std::chrono::seconds(1));
                    const std::string response = client.received();
                    CHECK(status_of(response) == 408);
                    CHECK(has(response, "connection: close\r\n"));
                },
                {.options = {.keep_alive = std::chrono::seconds(15)}});
}

CONNECTION_TEST_CASE("a head over its limits is answered with 414 or 431, however it ends") {
    const std::string line = "GET /" + std::string(9'000, 'x');
    CHECK(status_of(answer_to(line)) == 414);
    CHECK(status_of(answer_to(line + " HTTP/1.1\r\nHost: a\r\n\r\n")) == 414);
    CHECK(status_of(answer_to("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9'000, 'x'))) == 431);
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 100; ++i) many += "X: y\r\n";
    CHECK(status_of(answer_to(many + "\r\n")) == 431);
    std::string large = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 20; ++i) large += "X: " + std::string(4'000, 'x') + "\r\n";
    CHECK(status_of(answer_to(large)) == 431);
}

CONNECTION_TEST_CASE("the limit of a whole head may be larger than the buffers") {
    http1::limits limits;
    limits.head_size = 300'000;
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 36; ++i) head += "X: " + std::string(8'000, 'x') + "\r\n";
    with_server(answers("large"),
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    const std::string request = head + "\r\n";
                    task<> sending = create_task(client.send_all(request));
                    const std::string response = co_await client.response();
                    CHECK(body_of(response) == "large");
                    co_await sending;
                },
                {.limits = limits});
    limits.head_size = 280'000;
    with_server(answers("large"),
                [&](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    task<> sending = create_task(client.send_all(head));
                    const std::string response = co_await client.read_rest();
                    CHECK(status_of(response) == 431);
                    co_await sending;
                },
                {.limits = limits});
}

CONNECTION_TEST_CASE("a malformed request behind good ones is answered behind them") {
    with_server(answers("good"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/") + get("/") + "nonsense\r\n\r\n");
        std::string response = co_await client.response();
        CHECK(status_of(response) == 200);
        response = co_await client.response();
        CHECK(status_of(response) == 200);
        response = co_await client.read_rest();
        CHECK(status_of(response) == 400);
    });
}

CONNECTION_TEST_CASE("a client that sends a malformed request and goes on sending gets to read the answer") {
    with_server(answers("good"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        const std::string bytes = "nonsense\r\n\r\n" + std::string(3'000'000, 'x');
        task<> sending = create_task(client.send_all(bytes));
        const std::string response = co_await client.read_rest();
        CHECK(status_of(response) == 400);
        CHECK_FALSE(client.reset());
        co_await sending;
    });
}
