#include "server/http1/protocol.hpp"

#include <girin/asgi_error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace girin;
using http1::byte_buffer;
using http1::protocol;

namespace {

const http1::server_fields own(784111777);
constexpr std::string_view own_fields = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nserver: girin\r\n";

// One request that has been read, and the response to it.
struct exchange {
    explicit exchange(std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") : bytes(std::move(request)) {
        const auto head = connection.next(bytes, storage);
        REQUIRE(head.kind == http1::event_kind::head);
        connection.next(std::span(bytes).subspan(head.consumed), storage);
    }

    void start(int status, const std::vector<header>& headers = {}) { connection.start(status, headers, own, out); }

    void body(std::string_view chunk, bool more_body = false) {
        const http1::uncopied rest = connection.body(chunk, more_body, out);
        wire += out.ready();
        wire.append(rest.data).append(rest.suffix);
        out.consume(out.ready().size());
    }

    std::string bytes;
    http1::limits limits;
    http1::request_storage storage{limits};
    protocol connection{limits};
    byte_buffer out;
    std::string wire;
};

std::string head(std::string_view status_line, std::string_view fields = {}, std::string_view framing = {}) {
    return std::string(status_line).append("\r\n").append(fields).append(own_fields).append(framing).append("\r\n");
}

constexpr auto get10 = "GET / HTTP/1.0\r\n\r\n";
constexpr auto get10_keep_alive = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
constexpr auto head_request = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("an only body has its length as Content-Length") {
    exchange e;
    e.start(200, {{"content-type", "text/plain"}});
    e.body("Hello, World!");
    CHECK(e.wire ==
          head("HTTP/1.1 200 OK", "content-type: text/plain\r\n", "content-length: 13\r\n") + "Hello, World!");
    CHECK(e.connection.keep_alive());
}

TEST_CASE("an empty only body has a length of 0") {
    exchange e;
    e.start(404);
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 404 Not Found", "", "content-length: 0\r\n"));
}

TEST_CASE("nothing of a response is ready before its first body") {
    exchange e;
    e.start(200);
    CHECK(e.out.ready().empty());
    CHECK_FALSE(e.connection.response_on_the_wire());
    e.body("", true);
    CHECK(e.wire == head("HTTP/1.1 200 OK", "", "transfer-encoding: chunked\r\n"));
    CHECK(e.connection.response_on_the_wire());
    CHECK_FALSE(e.connection.response_complete());
}

TEST_CASE("a body in pieces without a length is chunked") {
    exchange e;
    e.start(200);
    e.body("Hello, ", true);
    e.body("", true);
    e.body(std::string(26, 'x'), true);
    e.body("!");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "", "transfer-encoding: chunked\r\n") + "7\r\nHello, \r\n1a\r\n" +
                        std::string(26, 'x') + "\r\n1\r\n!\r\n0\r\n\r\n");
    CHECK(e.connection.keep_alive());
}

TEST_CASE("an empty last body ends the chunks") {
    exchange e;
    e.start(200);
    e.body("a", true);
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "", "transfer-encoding: chunked\r\n") + "1\r\na\r\n0\r\n\r\n");
}

TEST_CASE("a body in pieces with a length is sent as it is") {
    exchange e;
    e.start(200, {{"Content-Length", "6"}});
    e.body("abc", true);
    e.body("def", true);
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "", "content-length: 6\r\n") + "abcdef");
    CHECK(e.connection.keep_alive());
}

TEST_CASE("a body in pieces for an HTTP/1.0 client ends with the connection") {
    exchange e(get10_keep_alive);
    e.start(200);
    e.body("abc", true);
    e.body("def");
    CHECK(e.wire == head("HTTP/1.1 200 OK") + "abcdef");
    CHECK_FALSE(e.connection.keep_alive());
}

TEST_CASE("an HTTP/1.0 client is told that the connection stays, if it asked for that") {
    exchange asked(get10_keep_alive);
    asked.start(200);
    asked.body("abc");
    CHECK(asked.wire == head("HTTP/1.1 200 OK", "", "content-length: 3\r\nconnection: keep-alive\r\n") + "abc");
    CHECK(asked.connection.keep_alive());

    exchange plain(get10);
    plain.start(200);
    plain.body("abc");
    CHECK(plain.wire == head("HTTP/1.1 200 OK", "", "content-length: 3\r\n") + "abc");
    CHECK_FALSE(plain.connection.keep_alive());
}

TEST_CASE("a HEAD has the length that a GET would have, and no body") {
    exchange only(head_request);
    only.start(200);
    only.body("Hello, World!");
    CHECK(only.wire == head("HTTP/1.1 200 OK", "", "content-length: 13\r\n"));
    CHECK(only.connection.keep_alive());

    exchange declared(head_request);
    declared.start(200, {{"content-length", "13"}});
    declared.body("");
    CHECK(declared.wire == head("HTTP/1.1 200 OK", "", "content-length: 13\r\n"));
    CHECK(declared.connection.keep_alive());

    exchange pieces(head_request);
    pieces.start(200);
    pieces.body("Hello", true);
    pieces.body("World");
    CHECK(pieces.wire == head("HTTP/1.1 200 OK"));
    CHECK(pieces.connection.keep_alive());

    exchange left_out(head_request);
    left_out.start(200);
    left_out.body("");
    CHECK(left_out.wire == head("HTTP/1.1 200 OK"));
}

TEST_CASE("204 has neither body nor length") {
    exchange e;
    e.start(204, {{"content-length", "3"}});
    e.body("abc");
    CHECK(e.wire == head("HTTP/1.1 204 No Content"));
    CHECK(e.connection.keep_alive());
}

TEST_CASE("304 has no body and only the length that it is given") {
    exchange given;
    given.start(304, {{"content-length", "3"}});
    given.body("");
    CHECK(given.wire == head("HTTP/1.1 304 Not Modified", "", "content-length: 3\r\n"));
    exchange none;
    none.start(304);
    none.body("abc", true);
    none.body("def");
    CHECK(none.wire == head("HTTP/1.1 304 Not Modified"));
    CHECK(none.connection.keep_alive());
}

TEST_CASE("more content than Content-Length is refused, and the connection closes") {
    exchange at_once;
    at_once.start(200, {{"content-length", "2"}});
    CHECK_THROWS_WITH_AS(at_once.body("abc"), "Response content longer than Content-Length", asgi_error);
    CHECK(at_once.out.ready().empty());
    CHECK_FALSE(at_once.connection.response_on_the_wire());

    exchange later;
    later.start(200, {{"content-length", "2"}});
    later.body("ab", true);
    const std::string wire = later.wire;
    CHECK_THROWS_WITH_AS(later.body("c", true), "Response content longer than Content-Length", asgi_error);
    CHECK(later.wire == wire);
    later.body("");
    CHECK_FALSE(later.connection.keep_alive());
}

TEST_CASE("less content than Content-Length is refused, and the connection closes") {
    exchange e;
    e.start(200, {{"content-length", "3"}});
    e.body("a", true);
    CHECK_THROWS_WITH_AS(e.body("b"), "Response content shorter than Content-Length", asgi_error);
    CHECK_FALSE(e.connection.response_complete());
    e.body("bc");
    CHECK(e.connection.response_complete());
    CHECK_FALSE(e.connection.keep_alive());
}

TEST_CASE("a message out of order is refused") {
    exchange e;
    CHECK_THROWS_WITH_AS(e.body(""), "Expected ASGI message 'http.response.start', but got 'http.response.body'.",
                         asgi_error);
    CHECK_THROWS_WITH_AS(e.body("", true), "Expected ASGI message 'http.response.start', but got 'http.response.body'.",
                         asgi_error);
    e.start(200);
    CHECK_THROWS_WITH_AS(e.start(200), "Expected ASGI message 'http.response.body', but got 'http.response.start'.",
                         asgi_error);
    e.body("a", true);
    CHECK_THROWS_WITH_AS(e.start(200), "Expected ASGI message 'http.response.body', but got 'http.response.start'.",
                         asgi_error);
    e.body("b");
    CHECK_THROWS_WITH_AS(e.start(200),
                         "Unexpected ASGI message 'http.response.start' sent, after response already completed.",
                         asgi_error);
    CHECK_THROWS_WITH_AS(
        e.body(""), "Unexpected ASGI message 'http.response.body' sent, after response already completed.", asgi_error);
    CHECK_THROWS_WITH_AS(e.body("", true),
                         "Unexpected ASGI message 'http.response.body' sent, after response already completed.",
                         asgi_error);
    CHECK(e.wire.ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"));
    CHECK(e.connection.keep_alive());
}

TEST_CASE("a status is final: 200 to 599") {
    exchange e;
    for (const int status : {-200, 0, 99, 100, 101, 199, 600, 999, 1200})
        CHECK_THROWS_WITH_AS(
            e.start(status),
            ("Invalid HTTP status code '" + std::to_string(status) + "' in response: expected 200 to 599.").c_str(),
            asgi_error);
    e.start(299);
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 299 ", "", "content-length: 0\r\n"));
}

TEST_CASE("a name that is no token is refused, and the message says which") {
    exchange e;
    CHECK_THROWS_WITH_AS(e.start(200, {{"", "x"}}), "Invalid HTTP header name: expected a token, but got an empty one.",
                         asgi_error);
    CHECK_THROWS_WITH_AS(e.start(200, {{"X Bad Name", "x"}}),
                         "Invalid HTTP header name 'X Bad Name': ' ' cannot be part of a token.", asgi_error);
    CHECK_THROWS_WITH_AS(e.start(200, {{"a", "b"}, {"x:\r\ny", "x"}}),
                         "Invalid HTTP header name 'x:\\x0d\\x0ay': ':' cannot be part of a token.", asgi_error);
    for (const std::string_view name : {"a:", "a\r", "a\nb", "\xc3\xa9", "a\x7f", "a(", "a\t"})
        CHECK_THROWS_AS(e.start(200, {{name, "x"}}), asgi_error);
    CHECK(e.out.ready().empty());
    e.start(200);
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "", "content-length: 0\r\n"));
}

TEST_CASE("a value with a control character is refused, and the message says whose") {
    exchange e;
    CHECK_THROWS_WITH_AS(e.start(200, {{"location", "text/html\r\nX-Injected: evil"}}),
                         "Invalid HTTP header value of 'location': it contains '\\x0d'.", asgi_error);
    for (int c = 0; c < 0x20; ++c) {
        const std::string value = "some long value" + std::string(1, static_cast<char>(c));
        if (c == '\t')
            CHECK_NOTHROW(exchange().start(200, {{"x", value}}));
        else
            CHECK_THROWS_AS(e.start(200, {{"x", value}}), asgi_error);
    }
    CHECK_THROWS_WITH_AS(e.start(200, {{"x", "a\tb\x7f"}}), "Invalid HTTP header value of 'x': it contains '\\x7f'.",
                         asgi_error);
    CHECK_THROWS_AS(e.start(200, {{"x", "\t\t\t\t\t\t\t\t\n"}}), asgi_error);
    CHECK_THROWS_WITH_AS(e.start(200, {{"a\nb", "c\rd"}}),
                         "Invalid HTTP header value of 'a\\x0ab': it contains '\\x0d'.", asgi_error);
    e.start(200, {{"x", "\t \xc3\xa9\xff"}, {"empty", ""}});
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "x: \t \xc3\xa9\xff\r\nempty: \r\n", "content-length: 0\r\n"));
}

TEST_CASE("Content-Length is one decimal number") {
    exchange e;
    for (const std::string_view value : {"", "-1", "+1", " 1", "1 ", "0x1", "1,1", "18446744073709551616"})
        CHECK_THROWS_WITH_AS(
            e.start(200, {{"content-length", value}}),
            ("Invalid Content-Length '" + std::string(value) + "': expected a decimal number.").c_str(), asgi_error);
    CHECK_THROWS_WITH_AS(e.start(200, {{"content-length", "1"}, {"Content-Length", "1"}}),
                         "Content-Length is given twice.", asgi_error);
}

TEST_CASE("framing and persistence are the server's, but the application can close") {
    exchange e;
    e.start(200,
            {{"Transfer-Encoding", "gzip"}, {"transfer-encoding", "chunked"}, {"connection", "keep-alive, upgrade"}});
    e.body("abc");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "", "content-length: 3\r\n") + "abc");
    CHECK(e.connection.keep_alive());

    exchange closing;
    closing.start(200, {{"Connection", "Close"}});
    closing.body("abc");
    CHECK(closing.wire == head("HTTP/1.1 200 OK", "", "content-length: 3\r\nconnection: close\r\n") + "abc");
    CHECK_FALSE(closing.connection.keep_alive());
}

TEST_CASE("Date and Server are left out where they are not wanted") {
    exchange e;
    e.connection.start(200, {}, http1::server_fields(0, {.date = false, .server = false}), e.out);
    e.body("");
    CHECK(e.wire == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST_CASE("Date and Server are the application's if it sets them") {
    exchange e;
    e.start(200, {{"Date", "today"}, {"SERVER", "mine"}, {"wxyz", "1"}, {"abcdef", "2"}});
    e.body("");
    CHECK(e.wire ==
          "HTTP/1.1 200 OK\r\nDate: today\r\nSERVER: mine\r\nwxyz: 1\r\nabcdef: 2\r\ncontent-length: 0\r\n\r\n");
}

TEST_CASE("fields are sent in their order, duplicates apart") {
    exchange e;
    e.start(200, {{"set-cookie", "a"}, {"x", "b"}, {"set-cookie", "c"}});
    e.body("");
    CHECK(e.wire == head("HTTP/1.1 200 OK", "set-cookie: a\r\nx: b\r\nset-cookie: c\r\n", "content-length: 0\r\n"));
}

TEST_CASE("a large body is not copied") {
    const std::string large(100000, 'x');
    exchange e;
    e.start(200);
    const http1::uncopied first = e.connection.body(large, true, e.out);
    CHECK(first.data.data() == large.data());
    CHECK(first.suffix == "\r\n");
    CHECK(e.out.ready() == head("HTTP/1.1 200 OK", "", "transfer-encoding: chunked\r\n") + "186a0\r\n");
    e.out.consume(e.out.ready().size());
    const http1::uncopied last = e.connection.body(large, false, e.out);
    CHECK(last.data.data() == large.data());
    CHECK(last.suffix == "\r\n0\r\n\r\n");
    CHECK(e.out.ready() == "186a0\r\n");

    exchange counted;
    counted.start(200);
    const http1::uncopied only = counted.connection.body(large, false, counted.out);
    CHECK(only.data.size() == large.size());
    CHECK(only.suffix.empty());
    CHECK(counted.out.ready() == head("HTTP/1.1 200 OK", "", "content-length: 100000\r\n"));
}
