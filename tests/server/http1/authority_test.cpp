#include "server/http1/authority.hpp"

#include "tests/support/http1_transcript.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace girin;
using namespace std::string_view_literals;

TEST_CASE("a checker accepts what is an authority, whatever it was asked before") {
    const std::string_view texts[] = {"a",
                                      "b",
                                      "ab",
                                      "a:1",
                                      "a:2",
                                      "a:",
                                      "a:x",
                                      "a b",
                                      "[::1]",
                                      "[::1]:80",
                                      "[::1",
                                      "a%41",
                                      "a%4",
                                      "",
                                      ":80",
                                      "127.0.0.1",
                                      "127.0.0.1:8000",
                                      "user@a",
                                      "a/",
                                      "a\0"sv,
                                      "localhost",
                                      "localhosts",
                                      "localhos"};
    for (const std::string_view before : texts) {
        for (const std::string_view text : texts) {
            http1::authority_checker checker;
            checker.accepts(before);
            CHECK_MESSAGE(checker.accepts(text) == http1::is_authority(text), "after ", before, ": ", text);
            CHECK_MESSAGE(checker.accepts(text) == http1::is_authority(text), text, " again");
            CHECK_MESSAGE(checker.accepts(before) == http1::is_authority(before), before, " after ", text);
        }
    }
}

TEST_CASE("a checker is right about authorities of any length") {
    http1::authority_checker checker;
    for (std::size_t size = 1; size < 200; ++size) {
        const std::string name(size, 'a');
        CHECK(checker.accepts(name));
        CHECK(checker.accepts(name));
        CHECK_FALSE(checker.accepts(name.substr(1) + "/"));
        CHECK(checker.accepts(name));
    }
}

TEST_CASE("a Host is judged by itself whatever the client before had") {
    testing::http1_transcript client;
    client.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.text() == "GET / 1.1 {host: a} end\n");
    for (const std::string fields :
         {"Host: a b\r\n", "Host: a/\r\n", "Host: b@a\r\n", "Host: \r\n", "", "Host: a\r\nHost: a\r\n"}) {
        client.reconnect();
        client.feed("GET http://a/ HTTP/1.1\r\n" + fields + "\r\n");
        CHECK_MESSAGE(client.text().starts_with("failure(400 "), fields, client.text());
    }
    client.reconnect();
    client.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.text() == "GET / 1.1 {host: a} end\n");
}
