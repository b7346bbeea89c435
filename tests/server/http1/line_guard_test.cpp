#include "server/http1/line_guard.hpp"

#include "tests/server/http1/every_way.hpp"

#include <string>
#include <vector>

using namespace girin;
using namespace girin::testing;
using namespace std::string_view_literals;

namespace {

std::string with_fields(std::string_view fields, const http1::limits& limits = {}) {
    return refusal("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n", limits);
}

}  // namespace

TEST_CASE("a line ends with CR and LF, and with nothing less") {
    CHECK(refusal("GET / HTTP/1.1\nHost: a\r\n\r\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\n\r\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\nHost: a\n\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\rHost: a\r\r") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\r\r\n") == "400");
}

TEST_CASE("a CR that is followed by anything else is refused at once, not when more has come") {
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\rX") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\rGET / HTTP/1.1\r\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\rX") == "400");
    CHECK(refusal("\rX") == "400");
}

TEST_CASE("a control character anywhere in a head is refused, except HTAB in a value") {
    for (int c = 1; c < 0x20; ++c) {
        if (c == '\t' || c == '\r' || c == '\n') continue;
        CHECK_MESSAGE(with_fields("X: a" + std::string(1, static_cast<char>(c)) + "b\r\n") == "400", c);
        CHECK_MESSAGE(with_fields("X" + std::string(1, static_cast<char>(c)) + "y: a\r\n") == "400", c);
    }
    CHECK(with_fields("X: a\0b\r\n"sv) == "400");
    CHECK(with_fields("X: a\x7f\r\n") == "400");
    CHECK(with_fields("X: a\tb\r\n") == "GET / 1.1 {host: a, x: a\tb} end\n");
    CHECK(with_fields("X\t: a\r\n") == "400");
    CHECK(refusal("GET\t") == "400");
}

TEST_CASE("a folded line is refused, whatever it would continue") {
    CHECK(with_fields("Long: one\r\n two\r\n") == "400");
    CHECK(with_fields("Long: one\r\n\ttwo\r\n") == "400");
    CHECK(with_fields("Long:\r\n one\r\n") == "400");
    CHECK(with_fields(" X: a\r\n") == "400");
    CHECK(with_fields(" \r\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == "400");
    CHECK(refusal("GET / HTTP/1.1\r\n\r\n Host: a") == "400");
}

TEST_CASE("a field has a name") {
    CHECK(with_fields(": a\r\n") == "400");
    CHECK(with_fields("X\r\n") == "400");
}

TEST_CASE("the request line has a limit, which holds before the line is complete") {
    const http1::limits limits{.request_line = 20};
    const std::string fits = "GET /" + std::string(6, 'x') + " HTTP/1.1";
    REQUIRE(fits.size() == limits.request_line);
    CHECK(every_way(fits + "\r\nHost: a\r\n\r\n", limits) == "GET /xxxxxx 1.1 {host: a} end\n");
    CHECK(refusal("GET /" + std::string(7, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits) == "414");
    CHECK(refusal(std::string(21, 'x'), limits) == "414");
    CHECK(every_way(std::string(20, 'x'), limits) == "");
    CHECK(refusal("GET /" + std::string(5000, 'x')) == "414");
}

TEST_CASE("a field line has a limit, which holds before the line is complete") {
    const http1::limits limits{.field_size = 10};
    CHECK(with_fields("X: 4567890\r\n", limits) == "GET / 1.1 {host: a, x: 4567890} end\n");
    CHECK(with_fields("X: 45678901\r\n", limits) == "431");
    CHECK(refusal("GET / HTTP/1.1\r\nX: 45678901", limits) == "431");
    CHECK(refusal("GET / HTTP/1.1\r\nX:\t456\t8\t01", limits) == "431");
}

TEST_CASE("a head has a limit of its fields, which holds before the head is complete") {
    const http1::limits limits{.fields = 3};
    CHECK(with_fields("X: 1\r\nX: 2\r\n", limits) == "GET / 1.1 {host: a, x: 1, x: 2} end\n");
    CHECK(with_fields("X: 1\r\nX: 2\r\nX: 3\r\n", limits) == "431");
    CHECK(refusal("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n", limits) == "431");
}

TEST_CASE("a head has a limit of its size, which holds before the head is complete") {
    const http1::limits limits{.head_size = 40};
    CHECK(every_way("GET / HTTP/1.1\r\nHost: a\r\nX: 34567\r\n\r\n", limits) == "GET / 1.1 {host: a, x: 34567} end\n");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: 3456789012345678\r\n\r\n", limits) == "431");
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: 345678901234567", limits) == "431");
    CHECK(refusal("GET /" + std::string(50, 'x'), limits) == "414");
}

TEST_CASE("nothing is scanned twice, so that a head that arrives byte by byte costs no more than its length") {
    // What has been looked at is overwritten with bytes that would be refused.
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const http1::limits limits;
    std::vector<http1::text_line> lines(limits.fields + 1);
    http1::line_guard guard(http1::line_guard::section::head);
    REQUIRE_FALSE(guard.scan(head.substr(0, 20), limits, lines.data()));
    head.replace(0, 20, std::string(20, '\0'));
    CHECK_FALSE(guard.scan(head, limits, lines.data()));
    CHECK(guard.size() == head.size());
    REQUIRE(guard.line_count() == 2);
    CHECK(lines[0].begin == 0);
    CHECK(lines[0].size == 14);
    CHECK(lines[1].begin == 16);
    CHECK(lines[1].size == 7);
}
