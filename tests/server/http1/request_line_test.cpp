#include "tests/server/http1/every_way.hpp"

#include <string>

using namespace girin;
using namespace girin::testing;
using namespace std::string_view_literals;

namespace {

std::string with_line(std::string_view line) {
    return refusal(std::string(line) + "\r\nHost: a\r\n\r\n");
}

http1::request_head head_of(std::string_view bytes) {
    // The head's views outlive this function with the bytes and the storage that they point into.
    static std::string kept;
    static const http1::limits limits;
    static http1::request_storage storage(limits);
    kept = bytes;
    http1::protocol protocol(limits);
    REQUIRE(protocol.next(kept, storage).kind == http1::event_kind::head);
    return storage.head;
}

}  // namespace

TEST_CASE("a request line is a method, a target and a version with one space between them") {
    CHECK(with_line("GET /x HTTP/1.1") == "GET /x 1.1 {host: a} end\n");
    CHECK(with_line("GET  /x HTTP/1.1") == "400");
    CHECK(with_line("GET /x  HTTP/1.1") == "400");
    CHECK(with_line("GET /x HTTP/1.1 ") == "400");
    CHECK(with_line(" GET /x HTTP/1.1") == "400");
    CHECK(with_line("GET\t/x\tHTTP/1.1") == "400");
    CHECK(with_line("GET /x y HTTP/1.1") == "400");
    CHECK(with_line("GET HTTP/1.1") == "400");
    CHECK(with_line("GET") == "400");
    CHECK(with_line("GET ") == "400");
    CHECK(with_line("GET /x") == "400");
    CHECK(with_line("GET /x ") == "400");
}

TEST_CASE("method and target are one piece of the request line") {
    for (const std::string_view line : {"GET /x?y=z", "OPTIONS *", "GET http://a/b"})
        CHECK(head_of(std::string(line) + " HTTP/1.1\r\nHost: a\r\n\r\n").method_and_target() == line);
}

TEST_CASE("the versions are 1.0 and 1.1, and other versions of HTTP are answered with 505") {
    CHECK(with_line("GET / HTTP/1.0") == "GET / 1.0 {host: a} end\n");
    CHECK(with_line("GET / HTTP/2.0") == "505");
    CHECK(with_line("GET / HTTP/1.2") == "505");
    CHECK(with_line("GET / HTTP/3.1") == "505");
    CHECK(with_line("PRI * HTTP/2.0") == "505");
    for (const std::string_view version :
         {"HTTP/0.9", "HTTP/1.10", "HTTP/11.1", "HTTP/1", "HTTP/1.", "HTTP/1,1", "HTTP/111", "http/1.1", "HTTP/2",
          "HTTP/x.1", "FTP/1.1", "RTSP/1.0", "ICE/1.0", "HTTP/1.1x", "HTTPS/1.1"})
        CHECK_MESSAGE(with_line("GET / " + std::string(version)) == "400", version);
}

TEST_CASE("a known method is accepted, a token that is none is answered with 501, and the rest with 400") {
    for (const std::string_view method :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "REPORT", "M-SEARCH"})
        CHECK(with_line(std::string(method) + " / HTTP/1.1") == std::string(method) + " / 1.1 {host: a} end\n");
    for (const std::string_view method :
         {"FOO", "get", "GETX", "-bl", "SOURCE", "DESCRIBE", "SETUP", "PLAY", "FLUSH", "PRI", "CONNECT"})
        CHECK_MESSAGE(with_line(std::string(method) + " / HTTP/1.1") == "501", method);
    for (const std::string_view method : {"bla:rgh", "GET:", "GET\xc3\x83", "GET\x7f", "\"GET\"", "(GET)"})
        CHECK_MESSAGE(with_line(std::string(method) + " / HTTP/1.1") == "400", method);
    CHECK(with_line("CONNECT example.org:443 HTTP/1.1") == "501");
}

TEST_CASE("a target has no fragment, no control character and nothing beyond ASCII") {
    CHECK(with_line("GET /a#b HTTP/1.1") == "400");
    CHECK(with_line("GET /a?b#c HTTP/1.1") == "400");
    CHECK(with_line("GET # HTTP/1.1") == "400");
    CHECK(with_line("GET /\x01 HTTP/1.1") == "400");
    CHECK(with_line("GET /\0 HTTP/1.1"sv) == "400");
    CHECK(with_line("GET /\x7f HTTP/1.1") == "400");
    CHECK(with_line("GET /a?\x7f HTTP/1.1") == "400");
    CHECK(with_line("GET /\xc3\xa9 HTTP/1.1") == "400");
    CHECK(with_line("GET /a?\xc3\xa9 HTTP/1.1") == "400");
    CHECK(with_line("GET /\t HTTP/1.1") == "400");
}

TEST_CASE("an origin-form target is split at the first question mark and left encoded") {
    const auto head = head_of("GET /a%20b/c?d=%41&e?f HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(head.target == "/a%20b/c?d=%41&e?f");
    CHECK(head.raw_path == "/a%20b/c");
    CHECK(head.query_string == "d=%41&e?f");
    CHECK(head_of("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n").query_string.empty());
    CHECK(head_of("GET //a HTTP/1.1\r\nHost: a\r\n\r\n").raw_path == "//a");
}

TEST_CASE("a path that may be percent-encoded is known as such") {
    CHECK(head_of("GET /a%20b/c HTTP/1.1\r\nHost: a\r\n\r\n").may_be_encoded);
    CHECK(head_of("GET http://h/%41 HTTP/1.1\r\nHost: a\r\n\r\n").may_be_encoded);
    CHECK_FALSE(head_of("GET /a/c?d=%41 HTTP/1.1\r\nHost: a\r\n\r\n").may_be_encoded);
    CHECK_FALSE(head_of("GET http://h?%41 HTTP/1.1\r\nHost: a\r\n\r\n").may_be_encoded);
    CHECK_FALSE(head_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").may_be_encoded);
}

TEST_CASE("an absolute-form target is for http and https, and its authority takes the place of Host") {
    const auto head = head_of("GET http://Example.org:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n");
    CHECK(head.raw_path == "/p");
    CHECK(head.query_string == "q");
    CHECK(find_header(head.headers, "host") == "Example.org:81");
    CHECK(head_of("GET HTTPS://[::1]:81 HTTP/1.1\r\nHost: other\r\n\r\n").raw_path == "/");

    const auto without_path = head_of("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(without_path.raw_path == "/");
    CHECK(without_path.query_string == "q");

    for (const std::string_view target :
         {"ftp://h/", "s://]ufd/:", "http:///p", "http://", "http://u@h/", "http://h:x/", "http://h:80:80/", "http:/h",
          "http://a b/", "foo/bar", "host:443", "x", "?q", "http://h\\/", "http://%zz/", "*?q"})
        CHECK_MESSAGE(with_line("GET " + std::string(target) + " HTTP/1.1") == "400", target);
}

TEST_CASE("an absolute-form target brings its own Host to an HTTP/1.0 request without one") {
    CHECK(every_way("GET http://h/p HTTP/1.0\r\nAccept: b\r\n\r\n") == "GET http://h/p 1.0 {accept: b, host: h} end\n");
}

TEST_CASE("the asterisk form is for OPTIONS") {
    CHECK(with_line("OPTIONS * HTTP/1.1") == "OPTIONS * 1.1 {host: a} end\n");
    CHECK(head_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").raw_path == "*");
    CHECK(with_line("OPTIONS /p HTTP/1.1") == "OPTIONS /p 1.1 {host: a} end\n");
    CHECK(with_line("GET * HTTP/1.1") == "400");
    CHECK(with_line("OPTIONS ** HTTP/1.1") == "400");
}

TEST_CASE("one empty line before a request is let pass, and no more") {
    CHECK(every_way("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == "GET / 1.1 {host: a} end\n");
    CHECK(refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
    CHECK(refusal("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
    CHECK(refusal("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
}

TEST_CASE("an empty line between requests is consumed at once, so that an idle connection has no unread bytes") {
    http1_transcript connection;
    connection.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n");
    CHECK(connection.unread().empty());
    connection.feed("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(connection.text() == "GET / 1.1 {host: a} end\nGET /2 1.1 {host: a} end\n");
}
