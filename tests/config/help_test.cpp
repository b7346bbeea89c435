// The text of --help.
#include "config/help.hpp"

#include "config/definition.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

using namespace girin::config;

TEST_CASE("the help names every flag, every setting and its default") {
    const std::string text = help_text("girin");
    for (const definition& each : definitions()) {
        for (const std::string_view flag : each.flags) CHECK(text.find(flag) != text.npos);
        CHECK(text.find("[" + std::string(each.name)) != text.npos);
        CHECK(text.find("\n" + std::string(each.section) + ":\n") != text.npos);
    }
    for (const command& each : commands())
        for (const std::string_view flag : each.flags) CHECK(text.find(flag) != text.npos);
    CHECK(text.find("[workers=1]") != text.npos);
    CHECK(text.find("--no-date-header") != text.npos);
    CHECK(text.starts_with("usage: girin [FLAG]... [APPLICATION]\n       girin health [URL]\n"));
}

TEST_CASE("the help says what each exit code means") {
    const std::string text = help_text("girin");
    const std::size_t codes = text.find("\nExit codes: 0 ");
    REQUIRE(codes != text.npos);
    for (const char* code : {"; 1 ", "; 3 ", "; 4 "}) CHECK(text.find(code, codes) != text.npos);
}

TEST_CASE("the help fits 80 columns and ends no line with a space") {
    std::istringstream lines(help_text("girin"));
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(line.size() <= 80);
        CHECK_FALSE(line.ends_with(' '));
    }
}
