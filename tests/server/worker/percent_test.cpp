#include "server/worker/percent.hpp"

#include <doctest/doctest.h>

using girin::worker::percent_decoded;

TEST_CASE("every %XX becomes its byte, in upper and lower case") {
    CHECK(percent_decoded("/a%20b%2Fc%2fd") == "/a b/c/d");
    CHECK(percent_decoded("%E2%82%AC") == "\xE2\x82\xAC");
    CHECK(percent_decoded("%00") == std::string(1, '\0'));
    CHECK(percent_decoded("%41") == "A");
}

TEST_CASE("what is not a %XX stays as it is") {
    for (const char* text : {"", "%", "%4", "100%", "%zz", "%4z", "%-1", "%+1", "% 1", "%%", "a+b"})
        CHECK(percent_decoded(text) == text);
    CHECK(percent_decoded("%%41") == "%A");
    CHECK(percent_decoded("%4%41") == "%4A");
}

TEST_CASE("what was decoded is not decoded again") {
    CHECK(percent_decoded("%2541") == "%41");
}
