// Responses that are generated while they are sent.
#include <girin/app.hpp>
#include <girin/async_generator.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/streaming.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using girin::async_generator;
using girin::coro;
using girin::request;
using girin::response;
using girin::streaming_response;
using girin::test_client;
using girin::test_request;

namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

// Says "destroyed" when it is.
struct witness {
    explicit witness(std::string& l) : log(l) {}
    witness(const witness&) = delete;
    ~witness() { log += "destroyed"; }
    std::string& log;
};

async_generator<std::string> ticks(std::string& log) {
    witness w(log);
    for (int i = 0;; ++i) {
        co_yield std::to_string(i) + "\n";
        co_await girin::sleep(1s);
    }
}

async_generator<std::string> lines(int count) {
    for (int i = 0; i < count; ++i) co_yield "line " + std::to_string(i) + "\n";
}

async_generator<std::string_view> views() {
    std::string buffer;
    for (char c : {'a', 'b', 'c'}) {
        buffer.assign(30, c);
        co_yield buffer;
    }
}

async_generator<std::string> failing() {
    co_yield "one";
    throw std::runtime_error("boom");
}

}  // namespace

TEST_CASE("each chunk is a message of its own, and there is no Content-Length") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> { co_return streaming_response(lines(3)); });
    const auto answer = test_client(app).get("/");
    CHECK(answer.status == 200);
    CHECK(answer.headers == fields{{"content-type", "text/plain; charset=utf-8"}});
    CHECK(answer.chunks == std::vector<std::string>{"line 0\n", "line 1\n", "line 2\n"});
    CHECK(answer.complete);
}

TEST_CASE("chunks may be views that live until the generator continues") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> { co_return streaming_response(views(), "text/x-views", 203); });
    const auto answer = test_client(app).get("/");
    CHECK(answer.status == 203);
    CHECK(answer.header("content-type") == "text/x-views");
    CHECK(answer.chunks == std::vector{std::string(30, 'a'), std::string(30, 'b'), std::string(30, 'c')});
}

TEST_CASE("a generator without chunks is an empty body") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> { co_return streaming_response(lines(0)); });
    const auto answer = test_client(app).get("/");
    CHECK(answer.body.empty());
    CHECK(answer.complete);
}

TEST_CASE("a plain handler may answer with a generator, which runs on the loop") {
    girin::app app;
    app.get("/", [](request&) -> response { return streaming_response(lines(2)); });
    CHECK(test_client(app).get("/").body == "line 0\nline 1\n");
}

TEST_CASE("the generator is destroyed when the client leaves") {
    std::string log;
    girin::app app;
    app.get("/", [&log](request&) -> coro<response> { co_return streaming_response(ticks(log)); });
    test_client client(app);
    const auto answer = client.send(test_request("GET", "/").leave_after(2500ms));
    CHECK(answer.chunks == std::vector<std::string>{"0\n", "1\n", "2\n"});
    CHECK(!answer.complete);
    CHECK(log == "destroyed");
}

TEST_CASE("the generator is destroyed when the client of a POST leaves, at the next send") {
    std::string log;
    girin::app app;
    app.post("/", [&log](request&) -> coro<response> { co_return streaming_response(ticks(log)); });
    test_client client(app);
    const auto start = client.loop().time();
    client.send(test_request("POST", "/").leave_after(2500ms));
    CHECK(client.loop().time() - start == 3s);
    CHECK(log == "destroyed");
}

TEST_CASE("what a generator awaits on its way out is waited for when a send fails") {
    std::string log;
    const auto tidy = [](std::string& l) -> async_generator<std::string> {
        bool closing = false;
        try {
            for (;;) {
                co_yield "x";
                co_await girin::sleep(1s);
            }
        } catch (const girin::generator_exit&) {
            closing = true;
        }
        co_await girin::sleep(1s);
        l += "tidied up";
        if (closing) throw girin::generator_exit();
    };
    girin::app app;
    app.post("/", [&](request&) -> coro<response> { co_return streaming_response(tidy(log)); });
    test_client client(app);
    client.send(test_request("POST", "/").leave_after(500ms));
    CHECK(log == "tidied up");
}

TEST_CASE("HEAD runs no generator") {
    std::string log;
    girin::app app;
    app.get("/", [&log](request&) -> coro<response> { co_return streaming_response(ticks(log)); });
    const auto answer = test_client(app).head("/");
    CHECK(answer.status == 200);
    CHECK(answer.complete);
    CHECK(log == "");
}

TEST_CASE("a streaming response of a status without content runs no generator") {
    std::string log;
    girin::app app;
    app.get("/", [&log](request&) -> coro<response> { co_return streaming_response(ticks(log), "text/plain", 204); });
    CHECK(test_client(app).get("/").headers == fields{});
}

TEST_CASE("an exception from the generator is raised to the server, after what was sent") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> { co_return streaming_response(failing()); });
    app.on_error<std::runtime_error>([](request&, const std::runtime_error&) { return response("too late"); });
    CHECK_THROWS_WITH_AS(test_client(app).get("/"), "boom", std::runtime_error);
    test_client quiet(app, {.raise_exceptions = false});
    const auto answer = quiet.get("/");
    CHECK(answer.status == 200);
    CHECK(answer.body == "one");
    CHECK(!answer.complete);
}

TEST_CASE("the request's body may be streamed back chunk by chunk") {
    girin::app app;
    app.max_body(1);
    app.post("/", [](request& req) -> coro<response> {
        auto echo = [](girin::body_stream body) -> async_generator<std::string_view> {
            while (auto chunk = co_await body.next()) co_yield *chunk;
        };
        co_return streaming_response(echo(req.stream()), *req.header("content-type"));
    });
    test_client client(app);
    const auto answer =
        client.send(test_request("POST", "/").header("content-type", "image/png").chunks({"ab", "", "cde", "f"}));
    CHECK(answer.chunks == std::vector<std::string>{"ab", "cde", "f"});
    CHECK(answer.header("content-type") == "image/png");
}
