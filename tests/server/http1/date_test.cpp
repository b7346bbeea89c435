#include "server/http1/date.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string formatted(std::time_t time) {
    const auto text = girin::http1::format_date(time);
    return {text.begin(), text.end()};
}

}  // namespace

TEST_CASE("a date is an IMF-fixdate") {
    CHECK(formatted(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(formatted(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(formatted(1709251199) == "Thu, 29 Feb 2024 23:59:59 GMT");
    CHECK(formatted(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
}
