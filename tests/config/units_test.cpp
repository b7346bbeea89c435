// Durations, sizes and whole numbers as people write them.
#include "config/units.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace girin::config;
using namespace std::chrono_literals;

TEST_CASE("a duration without a unit is in seconds") {
    CHECK(parse_duration("30") == 30s);
    CHECK(parse_duration("0") == 0s);
}

TEST_CASE("a duration may have units, each once, from large to small") {
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("1h30m") == 90min);
    CHECK(parse_duration("1h2m3s4ms") == 1h + 2min + 3s + 4ms);
    CHECK(parse_duration("90m") == 90min);
}

TEST_CASE("other texts are no durations") {
    for (const char* text : {"", "s", "-1", "+1", "1.5", " 1", "1 ", "1S", "1d", "1h30", "30m1h", "1s1s", "1sm", "1e3",
                             "99999999999999999999", "9223372036854775807h", "2562047788015h13m"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a duration prints as the text that parses to it") {
    for (const auto duration : {0ms, 1ms, 999ms, 1000ms, 61'007ms, 3'600'000ms, 5'400'000ms, 86'400'000ms}) {
        CAPTURE(duration_text(duration));
        CHECK(parse_duration(duration_text(duration)) == duration);
    }
    CHECK(duration_text(90min) == "1h30m");
    CHECK(duration_text(0ms) == "0s");
}

TEST_CASE("a size is in bytes or in powers of 1024") {
    CHECK(parse_size("8190") == 8190);
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("64k") == 65536);
    CHECK(parse_size("64K") == 65536);
    CHECK(parse_size("1m") == 1 << 20);
    CHECK(parse_size("1g") == 1 << 30);
    CHECK(parse_size("2T") == 1ULL << 41);
}

TEST_CASE("other texts are no sizes") {
    for (const char* text : {"", "k", "-1", "1.5k", "1kb", "1 k", "1b", "18446744073709551616", "16777216t"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("a size prints as the shortest text that parses to it") {
    CHECK(size_text(8190) == "8190");
    CHECK(size_text(65536) == "64k");
    CHECK(size_text(1ULL << 30) == "1g");
    CHECK(size_text(0) == "0");
    for (const std::uint64_t size : {1ULL, 1023ULL, 1025ULL, 3ULL << 20, 1ULL << 50, ~0ULL})
        CHECK(parse_size(size_text(size)) == size);
}

TEST_CASE("a count is decimal digits and nothing else") {
    CHECK(parse_count("0") == 0);
    CHECK(parse_count("007") == 7);
    CHECK(parse_count("18446744073709551615") == ~0ULL);
    for (const char* text : {"", "-1", "+1", "0x10", "1_0", " 1", "1 ", "1.0", "18446744073709551616"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_count(text));
    }
}
