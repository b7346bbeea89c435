// The in-memory client, as a stand-in for a server.
#include <girin/asgi.hpp>
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/testing.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using girin::asgi_error;
using girin::coro;
using girin::http_response_body;
using girin::http_response_start;
using girin::receiver;
using girin::scope;
using girin::scope_type;
using girin::sender;
using girin::test_client;
using girin::test_request;

namespace {

// What an application without a lifespan does with its scope.
void require_http(const scope& s) {
    if (s.type != scope_type::http) throw std::runtime_error("http only");
}

coro<void> ok(sender& send, std::string_view body = {}) {
    co_await send(http_response_start(200));
    co_await send(http_response_body(body));
}

test_client client_of(coro<void> (*application)(const scope&, receiver&, sender&)) {
    return test_client(application);
}

}  // namespace

TEST_CASE("the scope is that of an HTTP/1.1 request") {
    static std::string seen;
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        seen = std::string(s.http_version) + " " + std::string(s.method) + " " + std::string(s.scheme) + " " +
               std::string(s.path) + " " + std::string(s.raw_path) + " " + std::string(s.query_string) + " " +
               std::string(s.client->host) + " " + std::string(s.server->host);
        for (const girin::header& h : s.headers) seen.append("|").append(h.name).append("=").append(h.value);
        co_await ok(send);
    });
    client.send(test_request("GET", "/a%20b+c?d=%20").header("X-A", "1"));
    CHECK(seen == "1.1 GET http /a b+c /a%20b+c d=%20 testclient testserver|host=testserver|x-a=1");
    client.post("/", "abc");
    CHECK(seen == "1.1 POST http / /  testclient testserver|host=testserver|content-length=3");
    client.send(test_request("POST", "/").header("Host", "example.com").chunks({"a", "b"}));
    CHECK(seen == "1.1 POST http / /  testclient testserver|host=example.com|transfer-encoding=chunked");
}

TEST_CASE("the body comes message by message, and then nothing until the response is complete") {
    static std::vector<std::string> seen;
    auto client = client_of([](const scope& s, receiver& receive, sender& send) -> coro<void> {
        require_http(s);
        for (int i = 0; i < 2; ++i) {
            const auto message = co_await receive();
            const auto* part = message.as<girin::http_request>();
            seen.push_back(std::string(part->body) + (part->more_body ? "+" : "."));
        }
        auto wait = [](receiver& r) -> coro<std::string> {
            const auto message = co_await r();
            co_return std::string(message.type());
        };
        auto last = girin::create_task(wait, std::ref(receive));
        co_await girin::sleep(1s);
        seen.push_back(last.done() ? "done" : "waiting");
        co_await ok(send);
        seen.push_back(co_await last);
    });
    client.send(test_request("POST", "/").chunks({"a", "b"}));
    CHECK(seen == std::vector<std::string>{"a+", "b.", "waiting", "http.disconnect"});
}

TEST_CASE("a receive that waits can be cancelled and tried again") {
    auto client = client_of([](const scope& s, receiver& receive, sender& send) -> coro<void> {
        require_http(s);
        co_await receive();
        auto wait = [](receiver& r) -> coro<void> { co_await r(); };
        for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(co_await girin::wait_for(wait(receive), 1s), girin::timeout_error);
        co_await ok(send);
    });
    CHECK(client.get("/").status == 200);
}

TEST_CASE("a body before the start is refused") {
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await send(http_response_body("x"));
    });
    CHECK_THROWS_WITH_AS(client.get("/"), "Expected ASGI message 'http.response.start', but got 'http.response.body'.",
                         asgi_error);
}

TEST_CASE("a second start is refused") {
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await send(http_response_start(200));
        co_await send(http_response_start(200));
    });
    CHECK_THROWS_WITH_AS(client.get("/"), "Expected ASGI message 'http.response.body', but got 'http.response.start'.",
                         asgi_error);
}

TEST_CASE("a message after the end is refused") {
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await ok(send);
        co_await send(http_response_body("x"));
    });
    CHECK_THROWS_WITH_AS(client.get("/"),
                         "Unexpected ASGI message 'http.response.body' sent, after response already completed.",
                         asgi_error);
}

TEST_CASE("a message of another protocol is refused") {
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await send(girin::websocket_accept());
    });
    CHECK_THROWS_WITH_AS(client.get("/"), "Expected ASGI message 'http.response.start', but got 'websocket.accept'.",
                         asgi_error);
}

TEST_CASE("a status outside 200 to 599 is refused") {
    static int status;
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await send(http_response_start(status));
        co_await send(http_response_body());
    });
    for (int bad : {0, -1, 99, 100, 199, 600, 1000}) {
        status = bad;
        CHECK_THROWS_AS(client.get("/"), asgi_error);
    }
    for (int good : {200, 299, 404, 599}) {
        status = good;
        CHECK(client.get("/").status == good);
    }
}

TEST_CASE("a header that no one may send is refused, and the response has not started") {
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        CHECK_THROWS_WITH_AS(co_await send(http_response_start(200).header("x", "a\r\nb: c")),
                             "Invalid HTTP header value.", asgi_error);
        CHECK_THROWS_WITH_AS(co_await send(http_response_start(200).header("x:", "a")), "Invalid HTTP header name.",
                             asgi_error);
        co_await ok(send, "fine");
    });
    CHECK(client.get("/").body == "fine");
}

TEST_CASE("an application that returns without a response, or in the middle of one, is refused") {
    auto silent = client_of([](const scope& s, receiver&, sender&) -> coro<void> {
        require_http(s);
        co_return;
    });
    CHECK_THROWS_WITH_AS(silent.get("/"), "ASGI callable returned without starting response.", asgi_error);
    auto half = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await send(http_response_start(200));
        co_await send(http_response_body("x", true));
    });
    CHECK_THROWS_WITH_AS(half.get("/"), "ASGI callable returned without completing response.", asgi_error);
}

TEST_CASE("time is virtual: an hour's sleep takes none") {
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        co_await girin::sleep(1h);
        co_await ok(send);
    });
    const auto before = client.loop().time();
    const auto real_before = std::chrono::steady_clock::now();
    client.get("/");
    CHECK(client.loop().time() - before == 1h);
    CHECK(std::chrono::steady_clock::now() - real_before < 10min);
}

TEST_CASE("what would wait forever is an error") {
    auto client = client_of([](const scope& s, receiver& receive, sender&) -> coro<void> {
        require_http(s);
        co_await receive();
        co_await receive();
    });
    CHECK_THROWS_AS(client.get("/"), std::logic_error);
}

TEST_CASE("a task that a request leaves behind goes on during the next one") {
    static int done;
    done = 0;
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        girin::create_task([]() -> coro<void> {
            co_await girin::sleep(5s);
            ++done;
        });
        co_await girin::sleep(3s);
        co_await ok(send);
    });
    client.get("/");
    CHECK(done == 0);
    client.get("/");
    CHECK(done == 1);
}

TEST_CASE("after the client has left, send raises client_disconnected and receive yields http.disconnect") {
    static std::string seen;
    auto client = client_of([](const scope& s, receiver& receive, sender& send) -> coro<void> {
        require_http(s);
        co_await girin::sleep(2s);
        const auto message = co_await receive();
        seen = message.type();
        co_await send(http_response_start(200));
    });
    const auto answer = client.send(test_request("POST", "/").leave_after(1s));
    CHECK(seen == "http.disconnect");
    CHECK(answer.status == 0);
}

TEST_CASE("a client that leaves cancels GET, HEAD and OPTIONS alone") {
    static bool went_on;
    auto client = client_of([](const scope& s, receiver&, sender& send) -> coro<void> {
        require_http(s);
        went_on = false;
        co_await girin::sleep(2s);
        went_on = true;
        co_await ok(send);
    });
    for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
        client.send(test_request(method, "/").leave_after(1s));
        CHECK(!went_on);
    }
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        client.send(test_request(method, "/").leave_after(1s));
        CHECK(went_on);
    }
    CHECK(client.send(test_request("GET", "/").leave_after(3s)).status == 200);
}

TEST_CASE("a lifespan that says startup.failed, or speaks out of turn, is refused") {
    auto failing = [](const scope&, receiver& receive, sender& send) -> coro<void> {
        co_await receive();
        co_await send(girin::lifespan_startup_failed("no database"));
    };
    CHECK_THROWS_WITH_AS(test_client{failing}, "the lifespan has failed: no database", std::runtime_error);

    auto hasty = [](const scope&, receiver& receive, sender& send) -> coro<void> {
        co_await receive();
        co_await send(girin::lifespan_startup_complete());
        co_await send(girin::lifespan_startup_complete());
    };
    test_client client(hasty);
    CHECK_THROWS_WITH_AS(client.close(), "Got invalid state transition on lifespan protocol.", asgi_error);
}
