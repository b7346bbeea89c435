// Addresses to listen at, as people write them.
#include "config/bind_text.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace girin::config;

TEST_CASE("an address is HOST:PORT, [IPV6]:PORT or unix:PATH") {
    CHECK(parse_bind("127.0.0.1:8000") == bind_address{"127.0.0.1", 8000, ""});
    CHECK(parse_bind("example.com:0") == bind_address{"example.com", 0, ""});
    CHECK(parse_bind("[::1]:65535") == bind_address{"::1", 65535, ""});
    CHECK(parse_bind("[fe80::1%eth0]:80") == bind_address{"fe80::1%eth0", 80, ""});
    CHECK(parse_bind("unix:/run/girin.sock") == bind_address{"", 0, "/run/girin.sock"});
    CHECK(parse_bind("unix:girin.sock") == bind_address{"", 0, "girin.sock"});
}

TEST_CASE("an address without a host means every IPv4 interface") {
    CHECK(parse_bind(":80") == bind_address{"0.0.0.0", 80, ""});
}

TEST_CASE("other texts are no addresses") {
    for (const char* text :
         {"", ":", "8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", "::1:80",
          "[::1]", "[127.0.0.1]:80", "[]:80", "[x]:80", "http://127.0.0.1:80", "a b:80", "unix:"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_bind(text));
    }
}

TEST_CASE("a path that does not fit a sockaddr_un is refused") {
    CHECK(parse_bind("unix:" + std::string(107, 'x')));
    CHECK_FALSE(parse_bind("unix:" + std::string(108, 'x')));
}

TEST_CASE("an address prints as the text that parses to it") {
    for (const char* text : {"127.0.0.1:8000", "[::1]:80", "[fe80::1%eth0]:80", "unix:/run/girin.sock", "localhost:0"})
        CHECK(bind_text(parse_bind(text).value()) == text);
}
