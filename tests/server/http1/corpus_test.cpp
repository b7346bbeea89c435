// Replays what the fuzzer starts from, and what it has found, without the fuzzer.
#include "tests/fuzz/http1_checks.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

TEST_CASE("the rules hold for the fuzzer's corpus") {
    std::size_t replayed = 0;
    for (const auto& entry : std::filesystem::directory_iterator(GIRIN_SOURCE_TREE "/tests/fuzz/corpus/http1")) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string input{std::istreambuf_iterator<char>(file), {}};
        CAPTURE(entry.path().filename().string());
        CHECK(girin::testing::broken_rule(input) == "");
        ++replayed;
    }
    CHECK(replayed >= 20);
}
