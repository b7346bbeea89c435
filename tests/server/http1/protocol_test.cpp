#include "server/http1/protocol.hpp"

#include <girin/asgi_error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace girin;
using http1::event_kind;

namespace {

const http1::server_fields own(784111777);

struct connection {
    explicit connection(std::string client) : bytes(std::move(client)) {}

    // What the next unread bytes amount to; their consumed part is forgotten.
    event_kind next() {
        const auto event = protocol.next(std::span(bytes).subspan(consumed), storage);
        consumed += event.consumed;
        return event.kind;
    }

    void respond(std::string_view body = {}) {
        protocol.start(200, {}, own, out);
        protocol.body(body, false, out);
    }

    std::string wire() const { return std::string(out.ready()); }

    std::string bytes;
    std::size_t consumed = 0;
    http1::limits limits;
    http1::request_storage storage{limits};
    http1::protocol protocol{limits};
    http1::byte_buffer out;
};

constexpr auto get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr auto post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
constexpr auto expecting_post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

TEST_CASE("a pipelined request waits for the previous response") {
    connection c(std::string(get) + get);
    CHECK(c.next() == event_kind::head);
    CHECK(c.next() == event_kind::end);
    CHECK(c.next() == event_kind::paused);
    c.protocol.start(200, {}, own, c.out);
    c.protocol.body("a", true, c.out);
    CHECK(c.next() == event_kind::paused);
    c.protocol.body("b", false, c.out);
    CHECK(c.next() == event_kind::head);
    CHECK(c.next() == event_kind::end);
    c.respond();
    CHECK(c.next() == event_kind::need_data);
    CHECK(c.consumed == c.bytes.size());
}

TEST_CASE("a response may be complete before its request is read, and the rest is still reported") {
    connection c(post);
    CHECK(c.next() == event_kind::head);
    c.respond();
    CHECK(c.protocol.response_complete());
    CHECK_FALSE(c.protocol.keep_alive());
    CHECK(c.protocol.unread_body() == 3);
    CHECK(c.next() == event_kind::need_data);
    c.bytes += "abc";
    c.bytes += get;
    CHECK(c.next() == event_kind::body);
    CHECK(c.protocol.keep_alive());
    CHECK(c.next() == event_kind::head);
}

TEST_CASE("the connection is kept once response and request are complete and nobody wants to close") {
    connection fresh{""};
    CHECK_FALSE(fresh.protocol.keep_alive());
    connection c(get);
    CHECK(c.next() == event_kind::head);
    CHECK_FALSE(c.protocol.keep_alive());
    c.respond();
    CHECK(c.protocol.keep_alive());
}

TEST_CASE("a draining server announces that it closes, and closes") {
    connection c(std::string(get) + get);
    c.next();
    c.next();
    c.protocol.close_after_response();
    c.respond();
    CHECK(c.wire().find("connection: close\r\n") != std::string::npos);
    CHECK_FALSE(c.protocol.keep_alive());
    CHECK(c.next() == event_kind::paused);
}

TEST_CASE("a client that closes is told so") {
    connection c("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    c.next();
    c.respond();
    CHECK(c.wire().find("connection: close\r\n") != std::string::npos);
    CHECK_FALSE(c.protocol.keep_alive());
}

TEST_CASE("each request of a connection decides for itself whether it is the last") {
    connection c(std::string(get) + "GET / HTTP/1.0\r\n\r\n");
    c.next();
    c.next();
    c.respond();
    CHECK(c.protocol.keep_alive());
    CHECK(c.next() == event_kind::head);
    c.next();
    c.respond();
    CHECK_FALSE(c.protocol.keep_alive());
}

TEST_CASE("100 Continue is sent once to a client that waits for it") {
    connection c(expecting_post);
    CHECK_FALSE(c.protocol.send_continue(c.out));
    CHECK(c.next() == event_kind::head);
    CHECK(c.protocol.send_continue(c.out));
    CHECK_FALSE(c.protocol.send_continue(c.out));
    CHECK(c.wire() == continue_line);
    c.bytes += "abc";
    CHECK(c.next() == event_kind::body);
    CHECK(c.next() == event_kind::end);
    c.respond();
    CHECK(c.protocol.keep_alive());
}

TEST_CASE("100 Continue is not sent to a client that does not wait for it") {
    for (const std::string_view request :
         {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
          "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"}) {
        connection c{std::string(request)};
        REQUIRE(c.next() == event_kind::head);
        CHECK_FALSE(c.protocol.send_continue(c.out));
        CHECK(c.wire().empty());
    }
}

TEST_CASE("100 Continue is not sent because an earlier request wanted it") {
    connection c(std::string(expecting_post) + "abc" + post);
    c.next();
    CHECK(c.next() == event_kind::body);
    c.respond();
    CHECK(c.next() == event_kind::head);
    CHECK_FALSE(c.protocol.send_continue(c.out));
}

TEST_CASE("100 Continue is not sent to a client that has begun to send") {
    connection c(std::string(expecting_post) + "a");
    c.next();
    CHECK(c.next() == event_kind::body);
    CHECK_FALSE(c.protocol.send_continue(c.out));
}

TEST_CASE("100 Continue goes before a head that is held, and never behind one that is not") {
    connection c(expecting_post);
    c.next();
    c.protocol.start(200, {}, own, c.out);
    CHECK(c.protocol.send_continue(c.out));
    CHECK(c.wire() == continue_line);
    c.protocol.body("x", false, c.out);
    CHECK(c.wire().starts_with(std::string(continue_line) + "HTTP/1.1 200 OK\r\n"));
    CHECK(c.wire().find("connection") == std::string::npos);

    connection late(expecting_post);
    late.next();
    late.protocol.start(200, {}, own, late.out);
    late.protocol.body("x", true, late.out);
    CHECK_FALSE(late.protocol.send_continue(late.out));
}

TEST_CASE("a client that is answered while it waits for 100 Continue may or may not send: the connection closes") {
    connection c(expecting_post);
    c.next();
    c.respond();
    CHECK(c.wire().find("connection: close\r\n") != std::string::npos);
    c.bytes += "abc";
    CHECK(c.next() == event_kind::body);
    CHECK_FALSE(c.protocol.keep_alive());
    CHECK(c.next() == event_kind::paused);
}

TEST_CASE("an error answers a request that cannot be read") {
    connection c("GET / HTTP/1.1\r\n\r\n");
    const auto event = c.protocol.next(c.bytes, c.storage);
    REQUIRE(event.kind == event_kind::failure);
    CHECK(c.protocol.error_response(event.refused.status, event.refused.reason, own, c.out));
    CHECK(c.wire() ==
          "HTTP/1.1 400 Bad Request\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nserver: girin\r\n"
          "content-type: text/plain; charset=utf-8\r\ncontent-length: 19\r\nconnection: close\r\n\r\nHost header "
          "missing");
    CHECK(c.protocol.response_complete());
    CHECK_FALSE(c.protocol.keep_alive());
    CHECK(c.next() == event_kind::paused);
}

TEST_CASE("an error takes the place of a head that is held") {
    connection c(get);
    c.next();
    const header cookie[] = {{"set-cookie", "secret"}, {"content-length", "5"}};
    c.protocol.start(200, cookie, own, c.out);
    const header retry[] = {{"retry-after", "1"}};
    CHECK(c.protocol.error_response(503, "Busy", own, c.out, retry));
    CHECK(
        c.wire() ==
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nserver: girin\r\n"
        "content-type: text/plain; charset=utf-8\r\ncontent-length: 4\r\n\r\nBusy");
}

TEST_CASE("the connection goes on after an error when the request was read, and only then") {
    connection read(get);
    read.next();
    read.next();
    CHECK(read.protocol.error_response(500, "Internal Server Error", own, read.out));
    CHECK(read.protocol.keep_alive());

    connection unread("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    unread.next();
    CHECK(unread.protocol.error_response(500, "Internal Server Error", own, unread.out));
    CHECK(unread.wire().find("connection: close\r\n") != std::string::npos);
    CHECK_FALSE(unread.protocol.keep_alive());

    connection last(get);
    last.next();
    last.protocol.close_after_response();
    CHECK(last.protocol.error_response(500, "Internal Server Error", own, last.out));
    CHECK(last.wire().find("connection: close\r\n") != std::string::npos);
    CHECK_FALSE(last.protocol.keep_alive());
}

TEST_CASE("an error stays behind the responses before it") {
    connection c(std::string(get) + "GET /\x01 HTTP/1.1\r\n\r\n");
    c.next();
    c.next();
    c.respond("first");
    const std::string first = c.wire();
    CHECK(c.next() == event_kind::failure);
    CHECK(c.protocol.error_response(400, "no", own, c.out));
    CHECK(c.wire().starts_with(first + "HTTP/1.1 400 Bad Request\r\n"));
}

TEST_CASE("an error to a HEAD has no body") {
    connection c("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    c.next();
    CHECK(c.protocol.error_response(500, "Internal Server Error", own, c.out));
    CHECK(c.wire().ends_with("content-length: 21\r\n\r\n"));
}

TEST_CASE("no error can follow a response that is on the wire") {
    connection c(get);
    c.next();
    c.protocol.start(200, {}, own, c.out);
    c.protocol.body("a", true, c.out);
    const std::string before = c.wire();
    CHECK_FALSE(c.protocol.error_response(500, "late", own, c.out));
    CHECK(c.wire() == before);
    c.protocol.body("b", false, c.out);
    CHECK_FALSE(c.protocol.error_response(500, "late", own, c.out));
}

TEST_CASE("a malformed body closes the connection, whatever the application answered") {
    connection c("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx");
    CHECK(c.next() == event_kind::head);
    CHECK(c.next() == event_kind::failure);
    c.respond();
    CHECK(c.wire().find("connection: close\r\n") != std::string::npos);
    CHECK_FALSE(c.protocol.keep_alive());
}
