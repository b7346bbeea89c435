// What a handler reads from its request.
#include <girin/app.hpp>
#include <girin/asgi.hpp>
#include <girin/sleep.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using girin::coro;
using girin::request;
using girin::response;
using girin::test_client;
using girin::test_request;

namespace {

// An application whose every GET is answered with what `read` makes of it.
girin::app reading(std::string_view pattern, std::function<std::string(request&)> read) {
    girin::app app;
    app.get(pattern, [read](request& req) -> coro<response> { co_return read(req); });
    return app;
}

std::string or_nothing(std::optional<std::string> text) {
    return text.value_or("(nothing)");
}
std::string or_nothing(std::optional<std::string_view> text) {
    return std::string(text.value_or("(nothing)"));
}

}  // namespace

TEST_CASE("the request shows method, decoded path, target, query and route as they came") {
    test_client client(reading("/a/{b}", [](request& req) {
        return std::string(req.method()) + " " + std::string(req.path()) + " " + req.target() + " " +
               std::string(req.query_string()) + " " + std::string(req.route());
    }));
    CHECK(client.get("/a/x%20y?q=%31&r").body == "GET /a/x y /a/x%20y?q=%31&r q=%31&r /a/{b}");
    CHECK(client.get("/a/x").body == "GET /a/x /a/x  /a/{b}");
}

TEST_CASE("the request shows the client's address") {
    girin::app app = reading(
        "/", [](request& req) { return std::string(req.client()->host) + " " + std::to_string(*req.client()->port); });
    test_client client(app, {.client_host = "192.0.2.7", .client_port = 1234});
    CHECK(client.get("/").body == "192.0.2.7 1234");
}

TEST_CASE("a path parameter is read as text or as a number") {
    test_client client(reading("/{text}/{n:int}/{rest:path}", [](request& req) {
        return std::string(req.path_param("text")) + " " + std::to_string(req.path_param<int>("n") + 1) + " " +
               std::to_string(req.path_param<unsigned long long>("n")) + " " + req.path_param<std::string>("rest");
    }));
    CHECK(client.get("/a/41/b/c").body == "a 42 41 b/c");
}

TEST_CASE("a path parameter that is no such number, or out of its range, is answered 404") {
    test_client client(reading("/{n}", [](request& req) { return std::to_string(req.path_param<int>("n")); }));
    CHECK(client.get("/-7").body == "-7");
    CHECK(client.get("/2147483647").body == "2147483647");
    for (const char* target : {"/2147483648", "/x", "/7x", "/+7", "/7.0", "/%207"}) {
        CAPTURE(target);
        CHECK(client.get(target).status == 404);
    }
}

TEST_CASE("a path parameter that the pattern does not have is a mistake of the handler's") {
    test_client client(reading("/{n}", [](request& req) { return std::string(req.path_param("m")); }));
    CHECK_THROWS_WITH_AS(client.get("/7"), "the route /{n} has no parameter m", std::logic_error);
}

TEST_CASE("a query parameter is percent-decoded, with + as a space") {
    test_client client(reading("/", [](request& req) { return or_nothing(req.query("q")); }));
    CHECK(client.get("/?q=a+b%20c%2Bd%C3%A9").body == "a b c+d\xc3\xa9");
    CHECK(client.get("/?q=").body == "");
    CHECK(client.get("/?q").body == "");
    CHECK(client.get("/?%71=x").body == "x");
    CHECK(client.get("/?Q=x").body == "(nothing)");
    CHECK(client.get("/?r=x&qq=y").body == "(nothing)");
    CHECK(client.get("/").body == "(nothing)");
}

TEST_CASE("the last query parameter of a name counts") {
    test_client client(reading("/", [](request& req) { return or_nothing(req.query("q")); }));
    CHECK(client.get("/?q=1&r=2&q=3&s=4").body == "3");
}

TEST_CASE("query_list has all values of a name, in their order") {
    test_client client(reading("/", [](request& req) {
        std::string text;
        for (const std::string& value : req.query_list("q")) text += "[" + value + "]";
        for (const int value : req.query_list<int>("n")) text += std::to_string(value) + ";";
        return text;
    }));
    CHECK(client.get("/?q=1&r=2&%71=a+b&q=&n=3&q&n=-4").body == "[1][a b][][]3;-4;");
    CHECK(client.get("/?r=1").body == "");
    CHECK(client.get("/?n=3&n=x").status == 400);
}

TEST_CASE("a % that two hexadecimal digits do not follow stands for itself") {
    test_client client(reading("/", [](request& req) { return or_nothing(req.query("q")); }));
    CHECK(client.get("/?q=100%").body == "100%");
    CHECK(client.get("/?q=%4").body == "%4");
    CHECK(client.get("/?q=%zz%41").body == "%zzA");
}

TEST_CASE("a query parameter is read as a number, with a default for its absence") {
    test_client client(reading("/", [](request& req) {
        return std::to_string(req.query("n", 10)) + " " + std::to_string(req.query("x", 0.5)) + " " +
               (req.query("on", false) ? "on" : "off") + " " + (req.query<int>("m") ? "m" : "no m");
    }));
    CHECK(client.get("/").body == "10 0.500000 off no m");
    CHECK(client.get("/?n=-3&x=2.25&on=1&m=0").body == "-3 2.250000 on m");
    CHECK(client.get("/?on=true").body == "10 0.500000 on no m");
}

TEST_CASE("a malformed query parameter is answered 400 and named") {
    test_client client(reading("/", [](request& req) {
        return std::to_string(req.query("n", 10)) + std::to_string(req.query("x", 0.5)) +
               std::to_string(req.query("on", false));
    }));
    for (const char* query : {"n=x", "n=", "n=1.5", "n=99999999999", "n=1+", "x=nan", "x=inf", "x=1e999", "on=maybe"}) {
        CAPTURE(query);
        const auto answer = client.get("/?" + std::string(query));
        CHECK(answer.status == 400);
    }
    CHECK(client.get("/?n=x%0A%ff%c2%85%c3%a9").body ==
          "the query parameter n cannot be read: x\\x0a\\xff\\xc2\\x85\xc3\xa9");
    std::string accents;
    for (int i = 0; i < 1000; ++i) accents += "\xc3\xa9";
    CHECK(client.get("/?n=x" + accents).body ==
          "the query parameter n cannot be read: x" + accents.substr(0, 198) + "...");
}

TEST_CASE("a header is found in any case, and the first of several counts") {
    test_client client(reading("/", [](request& req) { return or_nothing(req.header("X-Colour")); }));
    CHECK(client.send(test_request("GET", "/").header("x-COLOUR", "red").header("x-colour", "blue")).body == "red");
    CHECK(client.send(test_request("GET", "/").header("x-colou", "red")).body == "(nothing)");
}

TEST_CASE("header_list has the values of all fields of a name, in their order") {
    test_client client(reading("/", [](request& req) {
        std::string text;
        for (const std::string_view value : req.header_list("X-Colour")) text.append("[").append(value).append("]");
        return text;
    }));
    const auto both =
        test_request("GET", "/").header("x-COLOUR", "red").header("x-c", "-").header("x-colour", "blue, green");
    CHECK(client.send(both).body == "[red][blue, green]");
    CHECK(client.get("/").body == "");
}

TEST_CASE("the first cookie of a name counts, in one field and in several") {
    test_client client(reading("/", [](request& req) { return or_nothing(req.cookie("b")); }));
    CHECK(client.send(test_request("GET", "/").header("cookie", "a=1; b=2; b=3")).body == "2");
    CHECK(client.send(test_request("GET", "/").header("cookie", "b=2").header("cookie", "b=3")).body == "2");
}

TEST_CASE("a cookie is found among several, without its quotes") {
    test_client client(reading("/", [](request& req) { return or_nothing(req.cookie("b")); }));
    auto get = [&](std::string_view cookies) {
        return client.send(test_request("GET", "/").header("cookie", cookies)).body;
    };
    CHECK(get("a=1; b=2; c=3") == "2");
    CHECK(get("a=1;b=2") == "2");
    CHECK(get("b=\"x y\"") == "x y");
    CHECK(get("b=x=y") == "x=y");
    CHECK(get("b=") == "");
    CHECK(get("bb=1; ab=2; B=3; b") == "(nothing)");
    CHECK(client.send(test_request("GET", "/").header("cookie", "a=1").header("cookie", "b=2")).body == "2");
    CHECK(client.get("/").body == "(nothing)");
}

TEST_CASE("body() collects all chunks, and is the same when it is called again") {
    girin::app app;
    app.post("/", [](request& req) -> coro<response> {
        const std::string first(co_await req.body());
        const std::string_view second = co_await req.body();
        co_return first + "|" + std::string(second) + "|" + std::string(req.data());
    });
    test_client client(app);
    CHECK(client.post("/", "abc").body == "abc|abc|abc");
    CHECK(client.send(test_request("POST", "/").chunks({"a", "", "bc", ""})).body == "abc|abc|abc");
    CHECK(client.post("/").body == "||");
}

TEST_CASE("a body over max_body is answered 413, announced or not") {
    girin::app app;
    app.max_body(5);
    app.post("/", [](request& req) -> coro<response> { co_return std::string(co_await req.body()); });
    test_client client(app);
    CHECK(client.post("/", "12345").body == "12345");
    CHECK(client.post("/", "123456").status == 413);
    CHECK(client.send(test_request("POST", "/").chunks({"123", "45"})).body == "12345");
    CHECK(client.send(test_request("POST", "/").chunks({"123", "456"})).status == 413);
}

TEST_CASE("stream() yields the chunks one by one, of any total size") {
    girin::app app;
    app.max_body(2);
    app.post("/", [](request& req) -> coro<response> {
        std::string text;
        auto stream = req.stream();
        while (auto chunk = co_await stream.next()) text.append("[").append(*chunk).append("]");
        co_return text;
    });
    test_client client(app);
    CHECK(client.send(test_request("POST", "/").chunks({"abc", "", "de"})).body == "[abc][de]");
    CHECK(client.post("/").body == "");
}

TEST_CASE("stream() after body() is one chunk, and body() after stream() a mistake") {
    girin::app app;
    app.post("/after", [](request& req) -> coro<response> {
        co_await req.body();
        auto stream = req.stream();
        std::string text;
        while (auto chunk = co_await stream.next()) text.append("[").append(*chunk).append("]");
        co_return text;
    });
    app.post("/before", [](request& req) -> coro<response> {
        auto stream = req.stream();
        co_await stream.next();
        co_return std::string(co_await req.body());
    });
    test_client client(app);
    CHECK(client.send(test_request("POST", "/after").chunks({"a", "b"})).body == "[ab]");
    CHECK_THROWS_AS(client.post("/before", "ab"), std::logic_error);
}

TEST_CASE("a client that leaves in the middle of its body raises client_disconnected") {
    std::string raised;
    girin::app app;
    app.post("/", [&raised](request& req) -> coro<response> {
        co_await girin::sleep(2s);
        try {
            co_await req.body();
        } catch (const girin::client_disconnected&) {
            raised = "client_disconnected";
            throw;
        }
        co_return "";
    });
    test_client client(app);
    const auto answer = client.send(test_request("POST", "/").chunks({"a", "b"}).leave_after(1s));
    CHECK(raised == "client_disconnected");
    CHECK(answer.status == 0);
}

TEST_CASE("is_disconnected tells without waiting, and loses no body") {
    std::vector<bool> seen;
    girin::app app;
    app.post("/", [&seen](request& req) -> coro<response> {
        seen.push_back(req.is_disconnected());
        const std::string body(co_await req.body());
        seen.push_back(req.is_disconnected());
        co_await girin::sleep(2s);
        seen.push_back(req.is_disconnected());
        co_return body;
    });
    test_client client(app);
    CHECK(client.send(test_request("POST", "/").chunks({"a", "b"})).body == "ab");
    CHECK(seen == std::vector{false, false, false});
    seen.clear();
    client.send(test_request("POST", "/").chunks({"a", "b"}).leave_after(1s));
    CHECK(seen == std::vector{false, false, true});
}

TEST_CASE("a plain handler that asks whether its client has left makes a mistake, and one on the loop does not") {
    girin::app app;
    auto ask = [](request& req) -> response { return req.is_disconnected() ? "left" : "there"; };
    app.get("/pool", ask);
    app.get("/loop", girin::on_loop(ask));
    app.on_error<std::logic_error>([](request& req, const std::logic_error&) -> response {
        return req.is_disconnected() ? "left, after the mistake" : "there, after the mistake";
    });
    test_client client(app);
    CHECK(client.get("/pool").body == "there, after the mistake");
    CHECK(client.get("/loop").body == "there");
}

TEST_CASE("a request made by hand reads the scope of a raw application") {
    auto raw = [](const girin::scope& s, girin::receiver& receive, girin::sender& send) -> coro<void> {
        if (s.type != girin::scope_type::http) co_return;
        request req(s, receive, 4);
        const std::string body(co_await req.body());
        co_await send(girin::http_response_start(200));
        co_await send(girin::http_response_body(body));
    };
    test_client client(raw);
    CHECK(client.post("/", "1234").body == "1234");
    CHECK_THROWS_AS(client.post("/", "12345"), girin::http_error);
}
