// Inputs of published advisories and of other servers' corpora of invalid requests: each is refused, or read in the one
// way that nobody can read differently.
#include "tests/server/http1/every_way.hpp"

#include <string>
#include <string_view>

using namespace girin;
using namespace girin::testing;
using namespace std::string_view_literals;

namespace {

struct input {
    std::string_view origin;
    std::string_view bytes;
    // The transcript, or the last part of it: what the client is refused with.
    std::string_view outcome;
};

constexpr input advisories[] = {
    {"CVE-2023-30589, a length behind a CR",
     "POST / HTTP/1.1\r\nHost: a\r\nDummy: x\rContent-Length: 23\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
     "failure(400 CR without LF)"},
    {"CVE-2021-22959, space before the colon of Transfer-Encoding",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nX", "400"},
    {"CVE-2021-22959, space before the colon of Content-Length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\nX", "400"},
    {"CVE-2021-22960, LF in a chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;\nxx\r\n4c\r\n0\r\n\r\n", "400"},
    {"CVE-2022-32213, chunkedchunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedchunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "400"},
    {"CVE-2022-32213, chunked, identity",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n1\r\na\r\n0\r\n\r\n", "400"},
    {"CVE-2022-32214, a header that LF ends",
     "GET / HTTP/1.1\r\nHost: a\r\nDummy: b\n\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n", "failure(400 LF without CR)"},
    {"CVE-2022-32215, Transfer-Encoding on two lines",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "400"},
    {"CVE-2022-32215, a folded identity",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n identity\r\n\r\n1\r\na\r\n0\r\n\r\n", "400"},
    {"CVE-2022-35256, a value that LF ends before Transfer-Encoding",
     "GET / HTTP/1.1\r\nHost: a\r\nX: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "failure(400 LF without CR)"},
    {"CVE-2023-30589, CR after an empty value",
     "POST / HTTP/1.1\r\nHost: a\r\nX-Abc: \rxTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n",
     "failure(400 CR without LF)"},
    {"CVE-2023-30589, CR instead of a value",
     "POST / HTTP/1.1\r\nHost: a\r\nX-Abc:\rTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n",
     "failure(400 CR without LF)"},
    {"CVE-2024-27982, space before the first field", "POST / HTTP/1.1\r\n Content-Length: 1\r\nHost: a\r\n\r\nA",
     "400"},
    {"CVE-2024-27982, space before Content-Length", "POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 1\r\n\r\nA", "400"},
    {"CVE-2024-27982, tab before Content-Length", "POST / HTTP/1.1\r\nHost: a\r\n\tContent-Length: 1\r\n\r\nA", "400"},
    {"CVE-2025-23167, a head that ends with CR LF CR X",
     "GET / HTTP/1.1\r\nHost: a\r\n\rXGET /admin HTTP/1.1\r\nHost: a\r\n\r\n", "failure(400 CR without LF)"},
    {"CVE-2025-23167, the same behind the last chunk",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\rXGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "failure(400 CR without LF)"},
    {"CVE-2025-43859, chunk data that other bytes than CRLF follow",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nAAAAAXX2\r\n45\r\n0\r\n\r\n", "400"},
    {"CVE-2024-1135, conflicting codings on two lines",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", "400"},
    {"CVE-2024-6827, an unknown coding with a length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\nX", "400"},
    {"CVE-2026-48710, a Host that ends the path", "GET / HTTP/1.1\r\nHost: example.com/?\r\n\r\n",
     "failure(400 Invalid Host header)"},
    {"gunicorn 2955, a header that once meant a body of eight bytes",
     "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key1: x\r\n\r\n", "GET / 1.1 {host: a, sec-websocket-key1: x} end\n"},
    {"gunicorn 3091, no-break space before the colon",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\xa0: chunked\r\nContent-Length\x85: 1\r\n\r\n", "400"},
    {"gunicorn 3087, a coding list that begins with a comma",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
     "failure(501 Transfer-Encoding must be chunked alone)"},
    {"gunicorn 3364, separators of other alphabets before chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0"
     "chunked\r\n\r\n0\r\n\r\n",
     "failure(400 Control character in the head)"},
    {"gunicorn 3371, NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "failure(400 Control character in the head)"},
    {"gunicorn 3382, a last chunk without its CRLF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    {"gunicorn 3556, CR in a chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=val\rue\r\nhello\r\n0\r\n\r\n", "400"},
    {"hypercorn 279, a length and chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"hypercorn 280, two Content-Type",
     "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: x/y\r\nContent-Type: text/html\r\n\r\n",
     "failure(400 Content-Type header repeated)"},
    {"hypercorn, a length of 46 digits",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999999999999999999999999999999\r\n\r\n", "400"},
    {"httptools 111, space before a length", "GET / HTTP/1.1\r\n Content-Length: 4\r\nHost: a\r\n\r\nabcd", "400"},
    {"CVE-2026-42544, a subprotocol beyond ASCII is a value like any other",
     "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: \x80\xff\r\n\r\n",
     "GET / 1.1 {host: a, sec-websocket-protocol: \x80\xff} end\n"},
    {"CVE-2020-7695, an encoded line break stays encoded", "GET /foo%0d%0ahuntr:%20dev HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /foo%0d%0ahuntr:%20dev 1.1 {host: a} end\n"},
    {"CL.TE with an empty coding",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", "400"},
    {"an empty coding alone", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
     "failure(400 Invalid Transfer-Encoding)"},
    {"a length in the trailers",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 99\r\n\r\n", "400"},
    {"a chunk size of more than 64 bits",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n", "400"},
    {"TE: chunked on a GET is a body",
     "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n",
     "GET / 1.1 {host: a, transfer-encoding: chunked} body(GET) end\n"},
    {"PROXY protocol, version 1", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "400"},
    {"PROXY protocol, version 2", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"sv, "failure(400 Request line missing)"},
    {"a TLS client hello", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"sv, "failure(400 Control character in the head)"},
    {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "failure(505 HTTP version must be 1.0 or 1.1)"},
    {"an HTTP/0.9 request", "GET /\r\n", ""},
    {"an HTTP/0.9 request and an empty line", "GET /\r\n\r\n", "400"},
};

// What comes between the head's first line and its end, and what follows.
constexpr input gunicorn_request_lines[] = {
    {"request line of two words", "GET HTTP/1.1", "400"},
    {"LF between the words", "GET\n/\nHTTP/1.1", "400"},
    {"colon in the method", "bla:rgh /foo HTTP/1.1", "400"},
    {"method that begins with '-'", "-bl /foo HTTP/1.1", "501"},
    {"another protocol", "GET /foo FTP/1.1", "400"},
    {"version of three digits", "GET /test HTTP/111", "400"},
    {"scheme and broken authority", "PUT s://]ufd/: HTTP/1.1", "400"},
    {"NUL behind the method", "GET\0PROXY /foo HTTP/1.1"sv, "400"},
    {"NUL before the space", "GET\0 /foo HTTP/1.1"sv, "400"},
    {"colon behind the method", "GET: /x HTTP/1.1", "400"},
    {"version of many digits", "GET / HTTP/1111111111111111111111111111111111111111.1", "400"},
    {"version 0.99", "GET / HTTP/0.99", "400"},
    {"version 2.0", "GET / HTTP/2.0", "505"},
    {"letter beyond ASCII in the method", "GET\xc3 /x HTTP/1.1", "400"},
    {"asterisk for GET", "GET * HTTP/1.1", "400"},
    {"authority for GET", "GET host:443 HTTP/1.1", "400"},
    {"relative path", "GET foo/bar HTTP/1.1", "400"},
};

constexpr input gunicorn_fields[] = {
    {"NUL in a name", "ba\0z: bar"sv, "400"},
    {"letter beyond ASCII in a name", "Content-Length\xc3: 3", "400"},
    {"fold", "Long: one\r\n two", "400"},
    {"LF and a length", "Newline: a\nContent-Length: 26", "400"},
    {"BEL", "X: \x07", "400"},
    {"DEL", "X: \x7f", "400"},
    {"-1", "Content-Length: -1", "400"},
    {"bla", "Content-Length: bla", "400"},
    {"3 and 2", "Content-Length: 3\r\nContent-Length: 2", "400"},
    {"-0", "Content-Length: -0", "400"},
    {"0_1", "Content-Length: 0_1", "400"},
    {"+1", "Content-Length: +1", "400"},
    {"0 1", "Content-Length: 0 1", "400"},
    {"3 1", "Content-Length: 3 1", "400"},
    {"5, 5", "Content-Length: 5, 5", "400"},
    {"a length and tab chunked", "Content-Length: 3\r\nTransfer-Encoding:\tchunked", "400"},
    {"identity and chunked alternating", "Transfer-Encoding: identity, chunked, identity, chunked", "400 or 501"},
    {"chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400"},
    {"chunked then gzip", "Transfer-Encoding: chunked, gzip", "400"},
    {"chunked then identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "400"},
};

void check(const input& input, const std::string& bytes) {
    CAPTURE(input.origin);
    const std::string outcome = every_way(bytes);
    if (input.outcome == "400 or 501")
        CHECK((outcome.find("failure(400 ") != outcome.npos || outcome.find("failure(501 ") != outcome.npos));
    else if (input.outcome.size() == 3)
        CHECK(outcome.find("failure(" + std::string(input.outcome) + " ") != outcome.npos);
    else
        CHECK(outcome.substr(outcome.size() - std::min(outcome.size(), input.outcome.size())) == input.outcome);
    // Whatever it is, nothing behind a refusal is taken for a request.
    if (outcome.ends_with(")")) CHECK(outcome.find("admin") == outcome.npos);
}

}  // namespace

TEST_CASE("inputs of published advisories are refused or read unambiguously") {
    for (const input& input : advisories) check(input, std::string(input.bytes));
}

TEST_CASE("Gunicorn's invalid request lines are refused") {
    for (const input& input : gunicorn_request_lines) check(input, std::string(input.bytes) + "\r\nHost: a\r\n\r\n");
}

TEST_CASE("Gunicorn's invalid fields are refused") {
    for (const input& input : gunicorn_fields)
        check(input, "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(input.bytes) + "\r\n\r\n");
}
