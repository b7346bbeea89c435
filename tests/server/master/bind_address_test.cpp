#include "server/master/bind_address.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using girin::master::parse_bind_address;

TEST_CASE("Gunicorn's forms of an address are read") {
    struct row {
        const char *text, *host, *port, *path;
    };
    for (const auto& [text, host, port, path] : {
             row{"127.0.0.1:8000", "127.0.0.1", "8000", ""},
             row{"localhost:0", "localhost", "0", ""},
             row{"localhost", "localhost", "8000", ""},
             row{":80", "0.0.0.0", "80", ""},
             row{"[::1]:65535", "::1", "65535", ""},
             row{"[::]", "::", "8000", ""},
             row{"tcp://10.0.0.1:9", "10.0.0.1", "9", ""},
             row{"unix:/run/girin.sock", "", "", "/run/girin.sock"},
             row{"unix:relative", "", "", "relative"},
         }) {
        const auto address = parse_bind_address(text);
        CHECK(address.host == host);
        CHECK(address.port == port);
        CHECK(address.path == path);
        CHECK(address.is_unix() == (*path != '\0'));
    }
    CHECK(parse_bind_address("[::1]:1").is_ipv6());
    CHECK_FALSE(parse_bind_address("127.0.0.1:1").is_ipv6());
}

TEST_CASE("what is no address is refused") {
    for (const char* text : {"", "unix:", ":", "host:", "host:65536", "host:-1", "host:80x", "host:80:90", "::1",
                             "[::1", "[]:80", "[::1]80", "tcp://"})
        CHECK_THROWS_AS(parse_bind_address(text), std::invalid_argument);
    CHECK_THROWS_WITH_AS(parse_bind_address("host:http"),
                         "an address to bind must be HOST:PORT, [IPV6]:PORT or unix:PATH, not 'host:http'",
                         std::invalid_argument);
}
