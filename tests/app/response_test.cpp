// What a handler answers, as it is sent.
#include <girin/app.hpp>
#include <girin/asgi.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using girin::coro;
using girin::request;
using girin::response;
using girin::test_client;
using girin::test_response;

namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

test_response answer_of(std::function<response()> make, std::string_view method = "GET") {
    girin::app app;
    app.route(method, "/", [make](request&) -> coro<response> { co_return make(); });
    return test_client(app).send(girin::test_request(method, "/"));
}

}  // namespace

TEST_CASE("text is 200, text/plain in UTF-8, with its length") {
    for (auto make :
         {+[]() -> response { return "Hello, World!"; }, +[]() -> response { return std::string("Hello, World!"); },
          +[]() -> response { return std::string_view("Hello, World!"); }}) {
        const auto answer = answer_of(make);
        CHECK(answer.status == 200);
        CHECK(answer.headers == fields{{"content-length", "13"}, {"content-type", "text/plain; charset=utf-8"}});
        CHECK(answer.body == "Hello, World!");
    }
}

TEST_CASE("text has the status it is given") {
    const auto answer = answer_of([] { return response("made", 201); });
    CHECK(answer.status == 201);
    CHECK(answer.body == "made");
}

TEST_CASE("an empty text is a response of no bytes") {
    const auto answer = answer_of([] { return response(""); });
    CHECK(answer.header("content-length") == "0");
    CHECK(answer.body.empty());
}

TEST_CASE("html is text/html in UTF-8") {
    const auto answer = answer_of([] { return girin::html_response("<p>", 404); });
    CHECK(answer.status == 404);
    CHECK(answer.header("content-type") == "text/html; charset=utf-8");
    CHECK(answer.body == "<p>");
}

TEST_CASE("bytes are sent unchanged with their media type") {
    const std::string bytes("\0\xff\r\n", 4);
    const auto answer = answer_of([&] { return girin::bytes_response(bytes, "image/png"); });
    CHECK(answer.header("content-type") == "image/png");
    CHECK(answer.body == bytes);
    CHECK(answer_of([&] { return girin::bytes_response(bytes); }).header("content-type") == "application/octet-stream");
}

TEST_CASE("204 and 304 have no content, no length and no type") {
    CHECK(answer_of([] { return girin::empty_response(); }).status == 204);
    for (int status : {204, 304}) {
        const auto answer = answer_of([&] { return response("dropped", status); });
        CHECK(answer.status == status);
        CHECK(answer.headers == fields{});
        CHECK(answer.body.empty());
    }
}

TEST_CASE("205 has no content and no type, and a length of 0") {
    const auto answer = answer_of([] { return response("dropped", 205); });
    CHECK(answer.status == 205);
    CHECK(answer.headers == fields{{"content-length", "0"}});
    CHECK(answer.body.empty());
}

TEST_CASE("an empty response of another status has a length of 0 and no type") {
    const auto answer = answer_of([] { return girin::empty_response(202); });
    CHECK(answer.headers == fields{{"content-length", "0"}});
}

TEST_CASE("a redirect keeps the method unless another status is given") {
    const auto answer = answer_of([] { return girin::redirect_response("/users/7?x=1#y"); });
    CHECK(answer.status == 307);
    CHECK(answer.header("location") == "/users/7?x=1#y");
    CHECK(answer.header("content-length") == "0");
    CHECK(answer_of([] { return girin::redirect_response("/", 303); }).status == 303);
}

TEST_CASE("a redirect percent-encodes what a URL may not contain") {
    const auto answer = answer_of([] { return girin::redirect_response("/a b\r\nset-cookie: x\xc3\xa9\"%20"); });
    CHECK(answer.header("location") == "/a%20b%0D%0Aset-cookie:%20x%C3%A9%22%20");
}

TEST_CASE("headers are sent in lower case and in the order they were added") {
    const auto answer = answer_of([] {
        response r = "x";
        r.add_header("X-B", "1").add_header("x-a", "2").add_header("x-b", "3");
        return r;
    });
    CHECK(answer.headers == fields{{"content-length", "1"},
                                   {"content-type", "text/plain; charset=utf-8"},
                                   {"x-b", "1"},
                                   {"x-a", "2"},
                                   {"x-b", "3"}});
}

TEST_CASE("more headers than fit in a message's inline room are sent") {
    const auto answer = answer_of([] {
        response r = "x";
        for (int i = 0; i < 20; ++i) r.add_header("x-" + std::to_string(i), std::to_string(i));
        return r;
    });
    CHECK(answer.headers.size() == 22);
    CHECK(answer.header("x-19") == "19");
}

TEST_CASE("set_header replaces all fields of its name, and remove_header removes them") {
    response r = "x";
    r.add_header("x-a", "1").add_header("x-b", "2").add_header("X-A", "3");
    CHECK(r.header("x-A") == "1");
    r.set_header("x-a", "4");
    CHECK(r.header("x-a") == "4");
    CHECK(r.header("x-b") == "2");
    r.remove_header("X-a");
    CHECK(!r.header("x-a"));
}

TEST_CASE("content-type set by name replaces the default one, and can be removed") {
    CHECK(response("x").header("content-type") == "text/plain; charset=utf-8");
    for (auto set : {&response::set_header, &response::add_header}) {
        const auto answer = answer_of([&] {
            response r = "x";
            (r.*set)("Content-Type", "text/css");
            return r;
        });
        CHECK(answer.headers == fields{{"content-length", "1"}, {"content-type", "text/css"}});
    }
    const auto bare = answer_of([] {
        response r = "x";
        r.remove_header("content-type");
        return r;
    });
    CHECK(bare.headers == fields{{"content-length", "1"}});
}

TEST_CASE("a content-length set by name is the one that is sent, and must be right") {
    auto with_length = [](const char* length) {
        return [=] {
            response r = "abc";
            r.set_header("content-length", length);
            return r;
        };
    };
    CHECK(answer_of(with_length("3")).headers ==
          fields{{"content-type", "text/plain; charset=utf-8"}, {"content-length", "3"}});
    CHECK_THROWS_WITH_AS(answer_of(with_length("2")), "Response content longer than Content-Length", girin::asgi_error);
    CHECK_THROWS_WITH_AS(answer_of(with_length("4")), "Response content shorter than Content-Length",
                         girin::asgi_error);
}

TEST_CASE("a header with a line break or another control character is refused, and nothing of it is kept") {
    response r = "x";
    r.add_header("x-a", "1");
    for (const char* value : {"a\r\nset-cookie: x", "a\nb", "a\rb", "\x01", "\x7f", " a", "a ", "\ta"})
        CHECK_THROWS_AS(r.set_header("x-a", value), std::invalid_argument);
    CHECK_THROWS_AS(r.add_header("x-a", std::string_view("a\0b", 3)), std::invalid_argument);
    for (const char* name : {"", "x a", "x:a", "x\r\n", "\xc3\xa9", "x\n"})
        CHECK_THROWS_AS(r.set_header(name, "1"), std::invalid_argument);
    CHECK(r.header("x-a") == "1");
    CHECK_NOTHROW(r.set_header("x-a", "a\tb \xc3\xa9"));
    CHECK_NOTHROW(r.set_header("x-a", ""));
}

TEST_CASE("a cookie has a path of / and SameSite=lax unless it is told otherwise") {
    const auto answer = answer_of([] {
        response r = "x";
        r.set_cookie("a", "1");
        girin::cookie_options options;
        options.max_age = 3600;
        options.path = "/shop";
        options.domain = "example.com";
        options.secure = options.http_only = true;
        options.site = girin::same_site::strict;
        r.set_cookie("b", "2", options);
        return r;
    });
    const fields all = answer.headers;
    CHECK(
        fields(all.begin() + 2, all.end()) ==
        fields{{"set-cookie", "a=1; Path=/; SameSite=lax"},
               {"set-cookie", "b=2; Max-Age=3600; Domain=example.com; Path=/shop; Secure; HttpOnly; SameSite=strict"}});
}

TEST_CASE("a cookie is deleted by one that is over") {
    response r = "x";
    r.delete_cookie("a");
    CHECK(r.header("set-cookie") == "a=; Max-Age=0; Path=/; SameSite=lax");
}

TEST_CASE("a cookie that RFC 6265 does not allow is refused") {
    response r = "x";
    for (const char* value : {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nb", "\xc3\xa9"})
        CHECK_THROWS_AS(r.set_cookie("a", value), std::invalid_argument);
    for (const char* name : {"", "a=b", "a b", "a;"}) CHECK_THROWS_AS(r.set_cookie(name, "1"), std::invalid_argument);
    girin::cookie_options options;
    options.path = "/; Domain=evil";
    CHECK_THROWS_AS(r.set_cookie("a", "1", options), std::invalid_argument);
    options = {};
    options.domain = "a\nb";
    CHECK_THROWS_AS(r.set_cookie("a", "1", options), std::invalid_argument);
    CHECK(!r.header("set-cookie"));
}

TEST_CASE("HEAD has GET's headers and no body") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> { co_return "Hello, World!"; });
    const auto answer = test_client(app).head("/");
    CHECK(answer.status == 200);
    CHECK(answer.header("content-length") == "13");
    CHECK(answer.body.empty());
}
