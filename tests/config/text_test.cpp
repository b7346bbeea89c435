// Printable text and quoting for messages.
#include "config/text.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace girin::config;

TEST_CASE("printable text is UTF-8 without control characters other than tab") {
    for (const char* text : {"", "plain", "a\tb", "\u00e4", "\u20ac", "\U0001f984", "\ue000", "\uffff", "\U0010ffff"}) {
        CAPTURE(text);
        CHECK(is_printable(text));
    }
    for (const char* text :
         {"a\nb", "\r", "\x1b[31m", "\x7f", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
          "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xc3x"}) {
        CAPTURE(in_quotes(text));
        CHECK_FALSE(is_printable(text));
    }
    CHECK_FALSE(is_printable(std::string_view("\0", 1)));
}

TEST_CASE("a quoted text cannot upset a terminal and is cut off after 80 bytes") {
    CHECK(in_quotes("ok \u00e4") == "'ok \u00e4'");
    CHECK(in_quotes("\x1b[2J\n") == "'\\x1b[2J\\x0a'");
    CHECK(in_quotes("\xff\u00e4") == "'\\xff\\xc3\\xa4'");
    CHECK(in_quotes(std::string(80, 'x')) == "'" + std::string(80, 'x') + "'");
    CHECK(in_quotes(std::string(81, 'x')) == "'" + std::string(80, 'x') + "...'");
}
