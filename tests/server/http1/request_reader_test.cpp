#include "tests/server/http1/every_way.hpp"

#include <limits>
#include <string>

using namespace girin;
using namespace girin::testing;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view chunked_head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view chunked_text = "POST / 1.1 {host: a, transfer-encoding: chunked} ";

// What comes of a chunked body: the transcript without the head's part, or what it is refused with.
std::string chunks(std::string_view body, const http1::limits& limits = {}) {
    const std::string text = every_way(std::string(chunked_head) + std::string(body), limits);
    REQUIRE(text.starts_with(chunked_text));
    return text.substr(chunked_text.size());
}

std::string status_of(std::string_view body, const http1::limits& limits = {}) {
    const std::string text = chunks(body, limits);
    const std::size_t failure = text.find("failure(");
    return failure == std::string::npos ? text : text.substr(failure + 8, 3);
}

}  // namespace

TEST_CASE("a request without a body ends with its head") {
    CHECK(every_way("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == "GET / 1.1 {host: a} end\n");
    CHECK(every_way("POST / HTTP/1.1\r\nHost: a\r\n\r\n") == "POST / 1.1 {host: a} end\n");
}

TEST_CASE("a body with a length has exactly that length, whatever the method") {
    CHECK(every_way("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd") ==
          "GET / 1.1 {host: a, content-length: 4} body(abcd) end\n");
    CHECK(every_way("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc") ==
          "POST / 1.1 {host: a, content-length: 4} body(abc) ");
    CHECK(every_way("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\r\n") ==
          "POST / 1.1 {host: a, content-length: 4} body(\r\n\r\n) end\n");
}

TEST_CASE("pipelined requests are read in their order") {
    const std::string first = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
    const std::string second = "POST /2 HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n";
    const std::string third = "GET /3 HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n";
    CHECK(every_way(first + second + third) ==
          "POST /1 1.1 {host: a, content-length: 2} body(ab) end\n"
          "POST /2 1.1 {host: b, transfer-encoding: chunked} body(c) end\n"
          "GET /3 1.1 {host: c, connection: close} end\n");
}

TEST_CASE("nothing is read behind the last request of a connection") {
    CHECK(every_way("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n") ==
          "GET /1 1.1 {host: a, connection: close} end\n");
}

TEST_CASE("a chunked body is the data of its chunks") {
    CHECK(chunks("0\r\n\r\n") == "end\n");
    CHECK(chunks("5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n") == "body(hello, world) end\n");
    CHECK(chunks("A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n") == "body(01234567890123456789) end\n");
    CHECK(chunks("2\r\n\r\n\r\n0\r\n\r\n") == "body(\r\n) end\n");
    CHECK(chunks("0000000000000000000001\r\nA\r\n0\r\n\r\n") == "body(A) end\n");
}

TEST_CASE("an incomplete chunked body is waited for") {
    CHECK(chunks("5\r\nhel") == "body(hel) ");
    CHECK(chunks("5\r\nhello\r\n0\r\n") == "body(hello) ");
    CHECK(chunks("0\r\n\r") == "");
    CHECK(chunks("0\r\nX: y\r\n") == "");
}

TEST_CASE("a chunk size is hexadecimal digits, and nothing stands around them") {
    for (const std::string_view size :
         {"", " 5", "5 ", "5\t", "0x5", "-5", "+5", "5_0", "5.0", "x", "g", "10000000000000000", "fffffffffffffffff",
          "5\n", "5\rX", "5\r5", "5\r\r\n", "\x05"})
        CHECK_MESSAGE(status_of(std::string(size) + "\r\nhello\r\n0\r\n\r\n") == "400", size);
    CHECK(status_of("5\nhello\r\n0\r\n\r\n") == "400");
}

TEST_CASE("chunk data is followed by CRLF") {
    for (const std::string_view end : {"XX", "\n", "\rX", "\r\r\n", "X\r\n", " \r\n", "\n\r\n"})
        CHECK_MESSAGE(status_of("5\r\nhello" + std::string(end) + "0\r\n\r\n") == "400", end);
}

TEST_CASE("chunk extensions are read over") {
    CHECK(chunks("5;a=b\r\nhello\r\n0;c\r\n\r\n") == "body(hello) end\n");
    CHECK(chunks("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n") == "body(hello) end\n");
    for (const std::string_view extension :
         {"5;a\rb", "5;a=b\rue", "5;\nxx", "5 ;a", "5 ;foo=bar", "5;a=\"\r\nb\"", "5\n;"})
        CHECK_MESSAGE(status_of(std::string(extension) + "\r\nhello\r\n0\r\n\r\n") == "400", extension);
    CHECK(status_of("5;a\0b\r\nhello\r\n0\r\n\r\n"sv) == "400");
}

TEST_CASE("what chunk-size lines carry beyond the size is limited over the whole body") {
    const http1::limits limits{.chunk_overhead = 30};
    const std::string chunk = "1;" + std::string(26, 'x') + "\r\na\r\n";  // 30 bytes of line and then CRLF.
    CHECK(chunks(chunk + "0\r\n\r\n", limits) == "body(a) end\n");
    CHECK(chunks(chunk + chunk + chunk + "0\r\n\r\n", limits) == "body(aa) failure(400 Chunk framing too large)");
    CHECK(status_of("5;" + std::string(60, 'x'), limits) == "400");
    CHECK(status_of(std::string(60, '0') + "5\r\nhello\r\n0\r\n\r\n", limits) == "400");
    CHECK(status_of("0;" + std::string(60, 'x') + "\r\n\r\n", limits) == "400");
    CHECK(status_of("5;" + std::string(100, 'x')) == "");
}

TEST_CASE("each body has a limit of its own, also where the storage has served a body that failed") {
    const http1::limits limits{.body_size = 30, .chunk_overhead = 30};
    const std::string near_both =
        std::string(chunked_head) + "1e;" + std::string(30, 'x') + "\r\n" + std::string(30, 'a') + "\r\n0\r\n\r\n";
    const std::string text = transcript_of({near_both}, limits);
    CHECK(text.ends_with("end\n"));
    CHECK(transcript_of({near_both, near_both, near_both}, limits) == text + text + text);

    http1::request_storage storage(limits);
    const auto outcome = [&](std::string bytes) {
        http1::protocol protocol(limits);
        const auto head = protocol.next(bytes, storage);
        if (head.kind == http1::event_kind::failure) return head.refused.status;
        return protocol.next(std::span(bytes).subspan(head.consumed), storage).refused.status;
    };
    CHECK(outcome(std::string(chunked_head) + "5;" + std::string(60, 'x')) == 400);
    CHECK(outcome(std::string(chunked_head) + "1f\r\n") == 413);
    CHECK(outcome(std::string(chunked_head) + "x\r\n") == 400);
    CHECK(outcome(std::string(chunked_head) + "1f\r\n") == 413);
    CHECK(outcome("FOO / HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
    CHECK(outcome(near_both) == 0);
}

TEST_CASE("many small chunks are not an overhead") {
    std::string body;
    std::string data;
    for (int i = 0; i < 100; ++i) {
        body += "1\r\nx\r\n";
        data += 'x';
    }
    CHECK(transcript_of({chunked_head, body, "0\r\n\r\n"}, {.chunk_overhead = 0}) ==
          std::string(chunked_text) + "body(" + data + ") end\n");
}

TEST_CASE("a chunk extension of 100 kB is refused by the default limits") {
    const std::string body = "5;" + std::string(100000, 'x') + "\r\nhello\r\n0\r\n\r\n";
    CHECK(transcript_of({chunked_head, body}).ends_with("failure(400 Chunk framing too large)"));
}

TEST_CASE("trailers are checked like fields, and dropped") {
    CHECK(chunks("1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n") == "body(a) end\n");
    for (const std::string_view trailer :
         {"Content-Length: 99", "Host: evil", "Transfer-Encoding: chunked", "HOST:", "content-length:", "X", "X : y",
          ": y", " X: y", "X: y\r\n z", "X: a\nb", "X: a\rb", "X: \x01", "X(: a", "X: y\n"})
        CHECK_MESSAGE(status_of("0\r\n" + std::string(trailer) + "\r\n\r\n") == "400", trailer);
}

TEST_CASE("a trailer section ends with CRLF and with nothing less") {
    for (const std::string_view end :
         {"0\r\n\n", "0\r\n\rX", "0\r\nX: y\r\n\n", "0\r\nX: y\n\r\n", "0\r\nX: y\r\n\rX", "0\n\r\n", "0\r\n\r\r\n"})
        CHECK_MESSAGE(status_of(std::string(end) + "GET / HTTP/1.1\r\n") == "400", end);
}

TEST_CASE("the next request is not taken for a trailer section that is missing") {
    CHECK(status_of("0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
}

TEST_CASE("trailers have the limits of a head's fields") {
    CHECK(chunks("0\r\nA: 1\r\nB: 2\r\n\r\n", {.fields = 2}) == "end\n");
    CHECK(status_of("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", {.fields = 2}) == "431");
    CHECK(status_of("0\r\nA: " + std::string(40, 'x'), {.field_size = 40}) == "431");
}

TEST_CASE("a trailer section has a limit of its own size, which holds before it is complete") {
    CHECK(chunks("0\r\nA: 34567\r\n\r\n", {.trailers_size = 10}) == "end\n");
    CHECK(status_of("0\r\nA: 345678\r\n\r\n", {.trailers_size = 10}) == "431");
    CHECK(status_of("0\r\nA: 34567890123", {.trailers_size = 10}) == "431");
    CHECK(status_of("0\r\nA: 1\r\nB: 2\r\n\r\n", {.trailers_size = 10}) == "431");
    CHECK(chunks("0\r\n\r\n", {.trailers_size = 0}) == "end\n");
    CHECK(status_of("0\r\nA:\r\n\r\n", {.trailers_size = 0}) == "431");
}

TEST_CASE("a body over the limit is refused as soon as its length is known") {
    const http1::limits limits{.body_size = 5};
    CHECK(every_way("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", limits) ==
          "POST / 1.1 {host: a, content-length: 5} body(hello) end\n");
    CHECK(refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n", limits) == "413");
    CHECK(refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", limits) == "413");
    CHECK(chunks("5\r\nhello\r\n0\r\n\r\n", limits) == "body(hello) end\n");
    CHECK(chunks("3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n", limits) == "body(hel) failure(413 Request body too large)");
    CHECK(chunks("6\r\n", limits) == "failure(413 Request body too large)");
    CHECK(chunks("1\r\na\r\nffffffffffffffff\r\n", limits) == "body(a) failure(413 Request body too large)");
}

TEST_CASE("without a limit the lengths of chunks cannot overflow either") {
    CHECK(chunks("1\r\na\r\nffffffffffffffff\r\n") == "body(a) failure(413 Request body too large)");
}

TEST_CASE("after a failure nothing more is read") {
    http1_transcript connection;
    connection.feed("GET / HTTP/1.1\r\n\r\n");
    const std::string refused = connection.text();
    REQUIRE(refused == "failure(400 Host header missing)");
    connection.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(connection.text() == refused);
}

TEST_CASE("a body event is a view into the caller's bytes and says how much is consumed") {
    const http1::limits limits;
    http1::request_storage storage(limits);
    http1::protocol protocol(limits);
    std::string bytes(chunked_head);
    bytes += "5\r\nhello\r\n0\r\n\r\nGET";
    const auto head = protocol.next(bytes, storage);
    CHECK(head.consumed == chunked_head.size());
    const auto unread = std::span(bytes).subspan(head.consumed);
    const auto body = protocol.next(unread, storage);
    REQUIRE(body.kind == http1::event_kind::body);
    CHECK(body.consumed == 8);
    CHECK(body.body.data() == unread.data() + 3);
    const auto end = protocol.next(unread.subspan(body.consumed), storage);
    REQUIRE(end.kind == http1::event_kind::end);
    CHECK(end.consumed == 7);
}

TEST_CASE("the views of a head point into the caller's bytes") {
    const http1::limits limits;
    http1::request_storage storage(limits);
    http1::protocol protocol(limits);
    std::string bytes = "GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE(protocol.next(bytes, storage).kind == http1::event_kind::head);
    CHECK(storage.head.raw_path.data() == bytes.data() + 4);
    CHECK(storage.head.headers[0].name.data() == bytes.data() + 19);
    CHECK(bytes == "GET /p?q HTTP/1.1\r\nhost: a\r\n\r\n");
}

TEST_CASE("how much of a body is unread is known when it has a length") {
    const http1::limits limits;
    http1::request_storage storage(limits);
    http1::protocol counted(limits);
    std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe";
    CHECK(counted.unread_body() == 0);
    const auto head = counted.next(bytes, storage);
    CHECK(counted.unread_body() == 5);
    counted.next(std::span(bytes).subspan(head.consumed), storage);
    CHECK(counted.unread_body() == 3);

    http1::protocol chunked(limits);
    bytes = chunked_head;
    chunked.next(bytes, storage);
    CHECK(chunked.unread_body() == std::numeric_limits<std::uint64_t>::max());
    bytes = "0\r\n\r\n";
    chunked.next(bytes, storage);
    CHECK(chunked.unread_body() == 0);
}

TEST_CASE("an idle connection holds less than 128 bytes of protocol") {
    CHECK(sizeof(http1::protocol) < 128);
}
