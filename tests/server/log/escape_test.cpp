#include "server/log/escape.hpp"

#include <doctest/doctest.h>

using girin::log::escaped;

TEST_CASE("printable ASCII is left as it is") {
    CHECK(escaped("GET /a?b=[1]~ x") == "GET /a?b=[1]~ x");
}

TEST_CASE("quotes and backslashes get a backslash, so that a field cannot end early") {
    CHECK(escaped(R"(a"b\c)") == R"(a\"b\\c)");
}

TEST_CASE("control characters and bytes beyond ASCII become hexadecimal, so that nobody forges a line") {
    CHECK(escaped(std::string_view("\0\r\n\x1b[31m\x7f\xc2\x80", 11)) == R"(\x00\x0d\x0a\x1b[31m\x7f\xc2\x80)");
}
