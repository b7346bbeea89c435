#include "tests/server/http1/every_way.hpp"

#include <string>

using namespace girin;
using namespace girin::testing;

namespace {

std::string get(std::string_view fields, const http1::limits& limits = {}) {
    return refusal("GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n", limits);
}

std::string post(std::string_view fields, std::string_view body = {}) {
    return refusal("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body));
}

bool stays_open(std::string_view bytes) {
    http1_transcript connection;
    connection.feed(bytes);
    REQUIRE(connection.text().ends_with("end\n"));
    return connection.protocol().keep_alive();
}

}  // namespace

TEST_CASE("names reach the application in lower case, values without the white space around them") {
    CHECK(get("HOST: a\r\nX-Some-Long-Header-Name: \t b c \t \r\nTE:x\r\nEmpty:\r\nBlank:  \r\n") ==
          "GET / 1.1 {host: a, x-some-long-header-name: b c, te: x, empty: , blank: } end\n");
    CHECK(get("Host: a\r\n!#$%&'*+-.^`|~AZaz09: b\r\n") == "GET / 1.1 {host: a, !#$%&'*+-.^`|~azaz09: b} end\n");
    CHECK(get("Host: a\r\nA: 1\r\nAB: 2\r\nABC: 3\r\nABCD: 4\r\nABCDEFG: 7\r\nABCDEFGHI: 9\r\n") ==
          "GET / 1.1 {host: a, a: 1, ab: 2, abc: 3, abcd: 4, abcdefg: 7, abcdefghi: 9} end\n");
}

TEST_CASE("duplicates stay apart and in order") {
    CHECK(get("Host: a\r\nCookie: 1\r\nX: b\r\nCookie: 2\r\n") ==
          "GET / 1.1 {host: a, cookie: 1, x: b, cookie: 2} end\n");
}

TEST_CASE("a name is a token and the colon follows it at once") {
    for (const std::string_view field :
         {"X : a", "X y: a", "X(: a", "X\"y: a", "X\xc3\xa9: a", "X\xa0: a", "X\x85: a", "X/y: a", "X[: a", "X{: a"})
        CHECK_MESSAGE(get("Host: a\r\n" + std::string(field) + "\r\n") == "400", field);
}

TEST_CASE("bytes beyond ASCII are allowed in a value") {
    CHECK(get("Host: a\r\nX: \xc3\xa9\x80\xff\r\n") == "GET / 1.1 {host: a, x: \xc3\xa9\x80\xff} end\n");
}

TEST_CASE("a field with an underscore in its name is dropped, unless a setting keeps it") {
    CHECK(get("Host: a\r\nX_Forwarded_For: b\r\nX: c\r\n_\r\n") == "400");
    CHECK(get("Host: a\r\nX_Forwarded_For: b\r\nX: c\r\na_b: d\r\nLong-Name-Before_: e\r\n_: f\r\n") ==
          "GET / 1.1 {host: a, x: c} end\n");
    CHECK(get("Host: a\r\nX_Forwarded_For: b\r\n", {.underscore_names = true}) ==
          "GET / 1.1 {host: a, x_forwarded_for: b} end\n");
}

TEST_CASE("a dropped twin of a framing field frames nothing") {
    CHECK(post("Content_Length: 3\r\nTransfer_Encoding: chunked\r\n") == "POST / 1.1 {host: a} end\n");
}

TEST_CASE("HTTP/1.1 needs exactly one Host and HTTP/1.0 at most one") {
    CHECK(get("") == "400");
    CHECK(every_way("GET / HTTP/1.1\r\n\r\n") == "failure(400 Host header missing)");
    CHECK(get("Host: a\r\nHost: a\r\n") == "400");
    CHECK(get("Host: a\r\nhost: b\r\n") == "400");
    CHECK(every_way("GET / HTTP/1.0\r\n\r\n") == "GET / 1.0 {} end\n");
    CHECK(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == "400");
}

TEST_CASE("Host is a host with an optional port") {
    for (const std::string_view host :
         {"a", "example.org", "EXAMPLE.org:8000", "127.0.0.1:80", "[::1]", "[2001:db8::1]:443", "a_b", "a%41", "a:"})
        CHECK_MESSAGE(get("Host: " + std::string(host) + "\r\n") == "GET / 1.1 {host: " + std::string(host) + "} end\n",
                      host);
    for (const std::string_view host :
         {"a/?", "example.com/?", "a/b",    "a?b",  "a#b", "a b",  "u@a",       "a:b",   "a:1:2", ":80", "[::1",
          "[]",  "[x]",           "[::1]x", "a\\b", "a%4", "a%zz", "a\xc3\xa9", "\"a\"", "<a>",   "a\tb"})
        CHECK_MESSAGE(get("Host: " + std::string(host) + "\r\n") == "400", host);
}

TEST_CASE("an empty Host is valid where the target has no authority either") {
    CHECK(get("Host:\r\n") == "GET / 1.1 {host: } end\n");
    CHECK(refusal("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n") == "400");
}

TEST_CASE("fields that only one of makes sense are refused when there are two") {
    for (const std::string_view name : {"Content-Type", "Authorization", "Content-Length", "Host"})
        CHECK_MESSAGE(get("Host: a\r\n" + std::string(name) + ": 1\r\n" + std::string(name) + ": 1\r\n") == "400",
                      name);
}

TEST_CASE("Content-Length is decimal digits that fit in 64 bits") {
    CHECK(post("Content-Length: 3\r\n", "abc") == "POST / 1.1 {host: a, content-length: 3} body(abc) end\n");
    CHECK(post("Content-Length: 003\r\n", "abc") == "POST / 1.1 {host: a, content-length: 003} body(abc) end\n");
    CHECK(post("Content-Length: 0\r\n") == "POST / 1.1 {host: a, content-length: 0} end\n");
    CHECK(post("Content-Length: 3 \r\n", "abc") == "POST / 1.1 {host: a, content-length: 3} body(abc) end\n");
    for (const std::string_view length :
         {"", " ", "-1", "+1", "-0", "0_1", "0x1", "1.0", "1 1", "0 1", "3 1", "1,", "5, 5", "5,6", "bla", "1a",
          "18446744073709551616", "99999999999999999999", "9999999999999999999999999999999999999999999999"})
        CHECK_MESSAGE(post("Content-Length: " + std::string(length) + "\r\n") == "400", length);
    CHECK(post("Content-Length: 3\r\nContent-Length: 2\r\n") == "400");
    CHECK(post("Content-Length : 3\r\n") == "400");
}

TEST_CASE("Transfer-Encoding is exactly one chunked") {
    CHECK(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n") ==
          "POST / 1.1 {host: a, transfer-encoding: chunked} end\n");
    CHECK(post("Transfer-Encoding:\tCHUNKED \r\n", "0\r\n\r\n") ==
          "POST / 1.1 {host: a, transfer-encoding: CHUNKED} end\n");
    for (const std::string_view coding :
         {"", " ", "gzip", "identity", "chunked, identity", "chunked, gzip", "xchunked", "chunkedx", "chunked;q=1",
          "\"chunked\"", "chunked,", "chunked chunked", "x chunked",
          "\x0b"
          "chunked",
          "\xa0"
          "chunked"})
        CHECK_MESSAGE(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n") == "400", coding);
    for (const std::string_view coding : {"gzip, chunked", ", chunked", ",chunked"})
        CHECK_MESSAGE(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n") == "501", coding);
    const std::string stacked = post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n");
    CHECK((stacked == "400" || stacked == "501"));
    for (const std::string_view second : {"chunked", "identity", "gzip", ""})
        CHECK_MESSAGE(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: " + std::string(second) + "\r\n",
                           "0\r\n\r\n") == "400",
                      second);
    CHECK(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n") == "400");
}

TEST_CASE("Transfer-Encoding in HTTP/1.0 and beside Content-Length is refused") {
    CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "400");
    CHECK(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") == "400");
    CHECK(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n") == "400");
    CHECK(post("Content-Length: 0\r\nTransfer-Encoding:\tchunked\r\n", "0\r\n\r\n") == "400");
}

TEST_CASE("HTTP/1.1 stays open unless a Connection option says close, HTTP/1.0 only if one says keep-alive") {
    const std::string head11 = "GET / HTTP/1.1\r\nHost: a\r\n";
    const std::string head10 = "GET / HTTP/1.0\r\n";
    CHECK(stays_open(head11 + "\r\n"));
    CHECK(stays_open(head11 + "Connection: keep-alive\r\n\r\n"));
    CHECK(stays_open(head11 + "Connection: upgrade, closed, xclose\r\n\r\n"));
    for (const std::string_view value :
         {"close", "Close", "close\t", "\tclose", "keep-alive, close", "close, keep-alive", "a,close ,b", ",,close"})
        CHECK_MESSAGE(!stays_open(head11 + "Connection: " + std::string(value) + "\r\n\r\n"), value);
    CHECK_FALSE(stays_open(head11 + "Connection: a\r\nConnection: close\r\n\r\n"));
    CHECK_FALSE(stays_open(head10 + "\r\n"));
    CHECK_FALSE(stays_open(head10 + "Connection: keep-alive, close\r\n\r\n"));
    CHECK(stays_open(head10 + "Connection: Keep-Alive\r\n\r\n"));
}

TEST_CASE("Upgrade is not taken up, and the body keeps its framing") {
    CHECK(every_way("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n") ==
          "GET /ws 1.1 {host: a, connection: Upgrade, upgrade: websocket} end\n");
    CHECK(every_way("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
                    "h2c\r\nContent-Length: 2\r\n\r\nab") ==
          "POST / 1.1 {host: a, connection: Upgrade, HTTP2-Settings, upgrade: h2c, content-length: 2} body(ab) end\n");
    CHECK(every_way("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n") ==
          "POST / 1.1 {host: a, connection: Upgrade, upgrade: x, transfer-encoding: chunked} body(ab) end\n");
}

TEST_CASE("the only expectation is 100-continue, and HTTP/1.0 cannot have any") {
    CHECK(post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "a") ==
          "POST / 1.1 {host: a, expect: 100-Continue, content-length: 1} body(a) end\n");
    CHECK(post("Expect: 200-ok\r\nContent-Length: 1\r\n", "a") == "417");
    CHECK(post("Expect:\r\n") == "417");
    CHECK(refusal("POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\na") ==
          "POST / 1.0 {expect: x, content-length: 1} body(a) end\n");
}
