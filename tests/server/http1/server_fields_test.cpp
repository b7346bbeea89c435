#include "server/http1/server_fields.hpp"

#include <doctest/doctest.h>

using girin::http1::server_fields;

TEST_CASE("the server adds the date and its name, as lines") {
    const server_fields fields(784111777);
    CHECK(fields.date() == "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    CHECK(fields.server() == "server: girin\r\n");
}

TEST_CASE("a field that is not wanted is empty") {
    const server_fields without_date(784111777, {.date = false});
    CHECK(without_date.date().empty());
    CHECK(without_date.server() == "server: girin\r\n");
    const server_fields without_server(784111777, {.server = false});
    CHECK(without_server.date() == "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    CHECK(without_server.server().empty());
}

TEST_CASE("the date follows the time") {
    server_fields fields(0);
    CHECK(fields.date() == "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    fields.set_time(784111777);
    CHECK(fields.date() == "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}
