// The application: dispatch, errors, middleware, mounting.
#include <girin/app.hpp>
#include <girin/asgi.hpp>
#include <girin/sleep.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using girin::application;
using girin::coro;
using girin::http_error;
using girin::request;
using girin::response;
using girin::test_client;
using girin::test_request;

namespace {

coro<response> hello(request&) {
    co_return "Hello, World!";
}

struct out_of_stock : std::runtime_error {
    explicit out_of_stock(int n) : std::runtime_error("out of stock"), left(n) {}
    int left;
};

// Adds its name to the response's x-trace as it passes.
auto tracing(const char* name) {
    return [name](request& req, girin::next& next) -> coro<response> {
        response answer = co_await next(req);
        const std::string before(answer.header("x-trace").value_or(""));
        answer.set_header("x-trace", before + name);
        co_return answer;
    };
}

}  // namespace

TEST_CASE("a route answers its method and path") {
    girin::app app;
    app.get("/", hello);
    app.post("/", [](request&) -> coro<response> { co_return "post"; });
    app.put("/", [](request&) -> coro<response> { co_return "put"; });
    app.patch("/", [](request&) -> coro<response> { co_return "patch"; });
    app.delete_("/", [](request&) -> coro<response> { co_return "delete"; });
    app.options("/", [](request&) -> coro<response> { co_return "options"; });
    app.route("PURGE", "/", [](request&) -> coro<response> { co_return "purge"; });
    test_client client(app);
    CHECK(client.get("/").body == "Hello, World!");
    CHECK(client.post("/").body == "post");
    CHECK(client.put("/").body == "put");
    CHECK(client.patch("/").body == "patch");
    CHECK(client.delete_("/").body == "delete");
    CHECK(client.options("/").body == "options");
    CHECK(client.send(test_request("PURGE", "/")).body == "purge");
}

TEST_CASE("a handler may capture, and outlives every request") {
    auto counter = std::make_shared<int>(0);
    girin::app app;
    app.get("/",
            [counter, text = std::string("a text too long to be kept inside the string")](request&) -> coro<response> {
                ++*counter;
                co_await girin::sleep(1s);
                co_return text + " " + std::to_string(*counter);
            });
    test_client client(app);
    client.get("/");
    CHECK(client.get("/").body == "a text too long to be kept inside the string 2");
}

TEST_CASE("a path without a route is answered 404 in plain text") {
    girin::app app;
    app.get("/", hello);
    const auto answer = test_client(app).get("/nowhere");
    CHECK(answer.status == 404);
    CHECK(answer.body == "Not Found");
    CHECK(answer.header("content-type") == "text/plain; charset=utf-8");
}

TEST_CASE("not_found answers a path without a route, and no 404 of a handler") {
    girin::app app;
    app.get("/gone", [](request&) -> coro<response> {
        throw http_error(404);
        co_return "";
    });
    app.not_found([](request& req) -> coro<response> { co_return response("no " + std::string(req.path()), 404); });
    test_client client(app);
    CHECK(client.get("/nowhere").body == "no /nowhere");
    CHECK(client.get("/gone").body == "Not Found");
}

TEST_CASE("a method that the path has no route for is answered 405 with Allow") {
    girin::app app;
    app.get("/", hello);
    app.delete_("/", hello);
    const auto answer = test_client(app).post("/");
    CHECK(answer.status == 405);
    CHECK(answer.header("allow") == "GET, HEAD, DELETE");
    CHECK(answer.body == "Method Not Allowed");
}

TEST_CASE("a second route for the same method and path is refused when it is registered") {
    girin::app app;
    app.get("/", hello);
    CHECK_THROWS_AS(app.get("/", hello), std::logic_error);
    CHECK_THROWS_AS(app.get("x", hello), std::invalid_argument);
}

TEST_CASE("http_error is answered with its status, detail and headers") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> {
        throw http_error(401, "who are you?").header("WWW-Authenticate", "Basic").header("x-a", "1");
        co_return "";
    });
    const auto answer = test_client(app).get("/");
    CHECK(answer.status == 401);
    CHECK(answer.body == "who are you?");
    CHECK(answer.header("www-authenticate") == "Basic");
    CHECK(answer.header("x-a") == "1");
}

TEST_CASE("http_error without a detail has its status code's reason phrase") {
    CHECK(http_error(418).detail == "I'm a Teapot");
    CHECK(http_error(599).detail.empty());
    CHECK(std::string(http_error(404, "no user 7").what()) == "404: no user 7");
    CHECK_THROWS_AS(http_error(401).header("a b", "c"), std::invalid_argument);
}

TEST_CASE("a handler that returns a coroutine that is none is a mistake like any other") {
    struct forgets {
        GIRIN_CORO_WRAPPER coro<response> operator()(request&) const { return coro<response>(); }
    };
    girin::app app;
    app.get("/", forgets());
    CHECK_THROWS_WITH_AS(test_client(app).get("/"), "Expected a coroutine from the handler, but got nothing.",
                         std::runtime_error);
}

TEST_CASE("an exception that nothing handles is raised to the server, before anything was sent") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> {
        throw std::runtime_error("boom");
        co_return "";
    });
    CHECK_THROWS_WITH_AS(test_client(app).get("/"), "boom", std::runtime_error);
    const auto answer = test_client(app, {.raise_exceptions = false}).get("/");
    CHECK(answer.status == 500);
    CHECK(answer.body == "Internal Server Error");
}

TEST_CASE("on_error answers exceptions of its type and of types derived from it") {
    girin::app app;
    app.get("/stock", [](request&) -> coro<response> {
        throw out_of_stock(3);
        co_return "";
    });
    app.get("/runtime", [](request&) -> coro<response> {
        throw std::runtime_error("boom");
        co_return "";
    });
    app.get("/logic", [](request&) -> coro<response> {
        throw std::logic_error("mistake");
        co_return "";
    });
    app.on_error<out_of_stock>([](request&, const out_of_stock& e) { return response(std::to_string(e.left), 409); });
    app.on_error<std::runtime_error>([](request& req, const std::runtime_error& e) -> coro<response> {
        co_await girin::sleep(1s);
        co_return response(std::string(req.path()) + " " + e.what(), 502);
    });
    test_client client(app);
    CHECK(client.get("/stock").status == 409);
    CHECK(client.get("/stock").body == "3");
    CHECK(client.get("/runtime").status == 502);
    CHECK(client.get("/runtime").body == "/runtime boom");
    CHECK_THROWS_WITH_AS(client.get("/logic"), "mistake", std::logic_error);
}

TEST_CASE("the first on_error that fits is called") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> {
        throw out_of_stock(3);
        co_return "";
    });
    app.on_error<std::runtime_error>([](request&, const std::runtime_error&) { return response("first"); });
    app.on_error<out_of_stock>([](request&, const out_of_stock&) { return response("second"); });
    CHECK(test_client(app).get("/").body == "first");
}

TEST_CASE("on_error<http_error> formats 404 and 405 too") {
    girin::app app;
    app.get("/", hello);
    app.on_error<http_error>([](request&, const http_error& e) { return response("custom: " + e.detail, e.status); });
    test_client client(app);
    CHECK(client.get("/nowhere").body == "custom: Not Found");
    CHECK(client.post("/").body == "custom: Method Not Allowed");
}

TEST_CASE("an exception out of an error handler is raised to the server") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> {
        throw out_of_stock(3);
        co_return "";
    });
    app.on_error<out_of_stock>([](request&, const out_of_stock&) -> response { throw std::logic_error("worse"); });
    CHECK_THROWS_WITH_AS(test_client(app).get("/"), "worse", std::logic_error);
}

TEST_CASE("no error handler is told that the client has left, or that the task was cancelled") {
    bool told = false;
    girin::app app;
    app.get("/", [](request&) -> coro<response> {
        co_await girin::sleep(9s);
        co_return "";
    });
    app.post("/", [](request&) -> coro<response> {
        throw girin::client_disconnected();
        co_return "";
    });
    app.on_error<std::exception>([&told](request&, const std::exception&) {
        told = true;
        return response("handled");
    });
    test_client client(app);
    CHECK(client.send(test_request("GET", "/").leave_after(1s)).status == 0);
    CHECK_THROWS_AS(client.post("/"), girin::client_disconnected);
    CHECK(!told);
}

TEST_CASE("request middleware meets requests in the order of registration and responses in reverse") {
    girin::app app;
    app.get("/", hello);
    app.middleware(tracing("a"));
    app.middleware(tracing("b"));
    app.middleware(tracing("c"));
    const auto answer = test_client(app).get("/");
    CHECK(answer.body == "Hello, World!");
    CHECK(answer.header("x-trace") == "cba");
}

TEST_CASE("request middleware sees the route and its parameters") {
    girin::app app;
    app.get("/users/{id}", hello);
    app.middleware([](request& req, girin::next& next) -> coro<response> {
        response answer = co_await next(req);
        answer.set_header("x-route", req.route()).set_header("x-id", req.path_param("id"));
        co_return answer;
    });
    const auto answer = test_client(app).get("/users/7");
    CHECK(answer.header("x-route") == "/users/{id}");
    CHECK(answer.header("x-id") == "7");
}

TEST_CASE("request middleware may answer by itself, or ask twice") {
    int calls = 0;
    girin::app app;
    app.get("/", [&calls](request&) -> coro<response> {
        ++calls;
        co_return "";
    });
    app.middleware([](request& req, girin::next& next) -> coro<response> {
        if (req.header("authorization")) co_return co_await next(req);
        co_return response("who are you?", 401);
    });
    app.middleware([](request& req, girin::next& next) -> coro<response> {
        co_await next(req);
        co_return co_await next(req);
    });
    test_client client(app);
    CHECK(client.get("/").status == 401);
    CHECK(calls == 0);
    CHECK(client.send(test_request("GET", "/").header("authorization", "x")).status == 200);
    CHECK(calls == 2);
}

TEST_CASE("request middleware meets errors as responses, and other exceptions as such") {
    girin::app app;
    app.get("/stock", [](request&) -> coro<response> {
        throw out_of_stock(3);
        co_return "";
    });
    app.get("/boom", [](request&) -> coro<response> {
        throw std::runtime_error("boom");
        co_return "";
    });
    app.on_error<out_of_stock>([](request&, const out_of_stock&) { return response("empty", 409); });
    std::string caught;
    app.middleware([&caught](request& req, girin::next& next) -> coro<response> {
        try {
            response answer = co_await next(req);
            answer.set_header("x-seen", std::to_string(answer.status));
            co_return answer;
        } catch (const std::runtime_error& e) {
            caught = e.what();
            throw;
        }
    });
    test_client client(app);
    CHECK(client.get("/stock").header("x-seen") == "409");
    CHECK(client.get("/nowhere").header("x-seen") == "404");
    CHECK(client.post("/stock").header("x-seen") == "405");
    CHECK_THROWS_WITH(client.get("/boom"), "boom");
    CHECK(caught == "boom");
}

TEST_CASE("an http_error out of request middleware is answered") {
    girin::app app;
    app.get("/", hello);
    app.middleware([](request&, girin::next&) -> coro<response> {
        throw http_error(429);
        co_return "";
    });
    CHECK(test_client(app).get("/").status == 429);
}

TEST_CASE("contract middleware wraps the application, the first registered outermost") {
    std::string order;
    girin::app app;
    app.get("/", hello);
    app.middleware(tracing("request"));
    auto layer = [&order](std::string name) {
        return [&order, name](application inner) {
            return [&order, name, inner](const girin::scope& s, girin::receiver& receive,
                                         girin::sender& send) -> coro<void> {
                order += name + "<";
                co_await inner(s, receive, send);
                order += name + ">";
            };
        };
    };
    app.middleware(layer("a"));
    app.middleware(layer("b"));
    test_client client(app);
    order.clear();  // of the lifespan's scope
    const auto answer = client.get("/");
    CHECK(order == "a<b<b>a>");
    CHECK(answer.header("x-trace") == "request");
}

TEST_CASE("contract middleware may pass on a changed scope, and change what is sent") {
    girin::app app;
    app.get("/new",
            [](request& req) -> coro<response> { co_return std::string(req.scope().slot<std::string>()->c_str()); });
    struct adding_sender final : girin::sender {
        explicit adding_sender(girin::sender& n) : next(n) {}
        girin::sending send(const girin::send_message& message) override {
            const auto* start = message.as<girin::http_response_start>();
            return start ? girin::sending(with_header(*start)) : next(message);
        }
        coro<void> with_header(girin::http_response_start start) {
            start.header("x-added", "yes");
            co_await next(start);
        }
        girin::sender& next;
    };
    app.middleware([](application inner) -> application {
        return [inner](const girin::scope& s, girin::receiver& receive, girin::sender& send) -> coro<void> {
            std::string user = "ada";
            girin::scope changed = s.with(user);
            if (s.path == "/old") changed.path = "/new";
            adding_sender adding(send);
            co_await inner(changed, receive, s.type == girin::scope_type::http ? adding : send);
        };
    });
    const auto answer = test_client(app).get("/old");
    CHECK(answer.body == "ada");
    CHECK(answer.header("x-added") == "yes");
}

TEST_CASE("a mounted application sees the whole path, and where it is mounted as root_path") {
    application raw = [](const girin::scope& s, girin::receiver&, girin::sender& send) -> coro<void> {
        const std::string text = std::string(s.root_path) + " " + std::string(s.path);
        co_await send(girin::http_response_start(200));
        co_await send(girin::http_response_body(text));
    };
    girin::app app;
    app.mount("/raw", raw);
    test_client client(app);
    CHECK(client.get("/raw").body == "/raw /raw");
    CHECK(client.get("/raw/").body == "/raw /raw/");
    CHECK(client.get("/raw/a/b").body == "/raw /raw/a/b");
    CHECK(client.get("/rawx").status == 404);
    test_client behind_proxy(app, {.root_path = "/api"});
    CHECK(behind_proxy.get("/api/raw/a").body == "/api/raw /api/raw/a");
}

TEST_CASE("an app may be mounted in an app, with routes below its own root") {
    girin::app users;
    users.get("/", [](request& req) -> coro<response> { co_return "all of " + std::string(req.scope().root_path); });
    users.get("/{id:int}",
              [](request& req) -> coro<response> { co_return "user " + std::string(req.path_param("id")); });
    girin::app api;
    api.mount("/users", users);
    girin::app app;
    app.mount("/api/", api);
    test_client client(app);
    CHECK(client.get("/api/users").body == "all of /api/users");
    CHECK(client.get("/api/users/").body == "all of /api/users");
    CHECK(client.get("/api/users/7").body == "user 7");
    CHECK(client.get("/api/users/x").status == 404);
    CHECK(client.post("/api/users/7").status == 405);
    CHECK(client.get("/users/7").status == 404);
}

TEST_CASE("an application serves below the root_path that the server says") {
    girin::app app;
    app.get("/x", hello);
    test_client client(app, {.root_path = "/api"});
    CHECK(client.get("/api/x").status == 200);
    CHECK(client.get("/apix").status == 404);
    CHECK(client.get("/api").status == 404);
    CHECK(client.get("/x").status == 200);  // as middleware may have changed it
}

TEST_CASE("an application that is mounted at the root has the root_path of the outer one") {
    girin::app inner;
    auto show = [](request& req) -> coro<response> { co_return "at " + std::string(req.scope().root_path); };
    inner.get("/", show);
    inner.get("/x", show);
    girin::app app;
    app.mount("/", inner);
    test_client client(app, {.root_path = "/shop"});
    CHECK(client.get("/shop").body == "at /shop");
    CHECK(client.get("/shop/").body == "at /shop");
    CHECK(client.get("/shop/x").body == "at /shop");
    CHECK(client.get("/shop/y").status == 404);
    CHECK(test_client(app).get("/").body == "at ");
}

TEST_CASE("copies of an app are the same application") {
    girin::app app;
    girin::app copy = app;
    copy.get("/", hello);
    CHECK(test_client(app).get("/").status == 200);
}

TEST_CASE("a websocket is refused") {
    girin::app app;
    app.get("/", hello);
    struct closing final : girin::sender, girin::receiver {
        girin::sending send(const girin::send_message& message) override {
            sent += message.type();
            return {};
        }
        girin::receiving receive() override { return girin::receive_message(girin::websocket_connect()); }
        std::string sent;
    } peer;
    application whole = app;
    const girin::scope scope(girin::scope_type::websocket);
    coro<void> work = whole(scope, peer, peer);
    auto handle = work.release();
    handle.resume();
    handle.destroy();
    CHECK(peer.sent == "websocket.close");
}
