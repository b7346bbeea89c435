// One setting's value: from text with every check, and back to text.
#include "config/value.hpp"

#include "tests/config/support.hpp"

#include <doctest/doctest.h>

using namespace girin::config;
using namespace girin::config::testing;
using namespace std::chrono_literals;

namespace {

settings with(std::string_view name, std::vector<std::string> texts) {
    settings values;
    set_value(values, setting(name), texts, "test");
    return values;
}

std::string complaint(std::string_view name, std::string text) {
    return message_of([&] { with(name, {std::move(text)}); });
}

}  // namespace

TEST_CASE("a value is read by the type of its setting") {
    CHECK(with("workers", {"4"}).workers == 4);
    CHECK(with("timeout", {"500ms"}).timeout == 500ms);
    CHECK(with("timeout", {"0"}).timeout == 0ms);
    CHECK(complaint("timeout", "499ms") != "");
    CHECK(with("limit_request_body", {"2g"}).limit_request_body == 2ULL << 30);
    CHECK(with("worker_class", {"sync"}).worker_class == worker_kind::sync);
    CHECK(with("half_close", {"true"}).half_close);
    CHECK(with("root_path", {"/shop"}).root_path == "/shop");
    CHECK(with("umask", {"0117"}).umask == file_mode(0117));
    CHECK(with("umask", {"7"}).umask == file_mode(7));
    CHECK(with("umask", {"0"}).umask == file_mode(0));
    CHECK(with("umask", {"7", ""}).umask == std::nullopt);
}

TEST_CASE("words are read in either case, and a bool has several") {
    CHECK(with("loglevel", {"WARNING"}).loglevel == log_level::warning);
    for (const char* text : {"true", "yes", "on", "1", "True"}) CHECK(with("half_close", {text}).half_close);
    for (const char* text : {"false", "no", "off", "0", "OFF"}) CHECK_FALSE(with("date_header", {text}).date_header);
}

TEST_CASE("the last text counts, but a list takes all, split at commas") {
    CHECK(with("workers", {"4", "2"}).workers == 2);
    CHECK(with("bind", {":1,:2", "unix:/s"}).bind ==
          std::vector<bind_address>{{"0.0.0.0", 1, ""}, {"0.0.0.0", 2, ""}, {"", 0, "/s"}});
}

TEST_CASE("an address that is given twice, however it is written, is refused, but not port 0") {
    CHECK(complaint("bind", "127.0.0.1:80,:81,127.0.0.1:80") == "bind (test): '127.0.0.1:80' is given twice");
    CHECK(complaint("bind", "0.0.0.0:80,:80") == "bind (test): '0.0.0.0:80' is given twice");
    CHECK(complaint("bind", "unix:/s,unix:/s") == "bind (test): 'unix:/s' is given twice");
    CHECK(message_of([] { with("bind", {":80", ":80"}); }) == "bind (test): '0.0.0.0:80' is given twice");
    CHECK(with("bind", {":80,:81,[::1]:80", "127.0.0.1:80"}).bind.size() == 4);
    CHECK(with("bind", {":0", ":0"}).bind.size() == 2);
}

TEST_CASE("a value that does not fit is refused in one sentence") {
    CHECK(complaint("workers", "four") == "workers (test): expected a whole number from 1 to 1024, got 'four'");
    CHECK(complaint("half_close", "maybe") == "half_close (test): expected true or false, got 'maybe'");
    CHECK(complaint("worker_class", "gevent") ==
          "worker_class (test): expected one of async|sync|threads, got 'gevent'");
    CHECK(complaint("timeout", "1d") ==
          "timeout (test): expected 0 or a duration from 500ms to 24h, such as 30, 500ms or 1h30m, got '1d'");
    CHECK(complaint("limit_request_line", "1kb") ==
          "limit_request_line (test): expected a size from 64 to 64k, such as 8190, 64k or 1m, got '1kb'");
    for (const char* text : {"8", "1000", "-1", "0x7", "7 "})
        CHECK(complaint("umask", text) ==
              "umask (test): expected permissions in octal, from 0 to 0777, or nothing, got '" + std::string(text) +
                  "'");
    CHECK(complaint("bind", ":80,oops") ==
          "bind (test): expected HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH, got 'oops'");
    CHECK(complaint("bind", "") == "bind (test): expected HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH, got ''");
    CHECK(complaint("root_path", "shop") ==
          "root_path (test): expected a path such as /shop, with a slash before it and none after it, got 'shop'");
    CHECK(complaint("root_path", "/").ends_with("got '/'"));
    CHECK(complaint("errorlog", "") == "errorlog (test): expected a text that is not empty, got ''");
    CHECK(complaint("chdir", "a\nb") == "chdir (test): expected printable UTF-8 text, got 'a\\x0ab'");
    CHECK(complaint("bind", "unix:/\x01").ends_with("got 'unix:/\\x01'"));
    CHECK(message_of([] { with("bind", {}); }).ends_with("got nothing"));
}

TEST_CASE("both bounds of every number are allowed and what lies beyond is not") {
    for (const definition& each : definitions()) {
        const std::string kind = form_of(each).metavar;
        if (kind != "N" && kind != "SIZE" && kind != "TIME") continue;
        CAPTURE(each.name);
        const std::string unit = kind == "TIME" ? "ms" : "";
        CHECK(complaint(each.name, std::to_string(each.bounds.least) + unit) == "nothing thrown");
        CHECK(complaint(each.name, std::to_string(each.bounds.most) + unit) == "nothing thrown");
        CHECK(complaint(each.name, std::to_string(each.bounds.most + 1) + unit) != "nothing thrown");
        CHECK(complaint(each.name, "-1") != "nothing thrown");
        if (each.bounds.least > 0)
            CHECK(complaint(each.name, std::to_string(each.bounds.least - 1) + unit) != "nothing thrown");
    }
}

TEST_CASE("a refused value leaves the old one") {
    settings values;
    const std::vector<std::string> texts{":1", "oops"};
    CHECK_THROWS_AS(set_value(values, setting("bind"), texts, "test"), config_error);
    CHECK(values == settings{});
}

TEST_CASE("every value prints as a text that sets it") {
    for (const definition& each : definitions()) {
        CAPTURE(each.name);
        const settings values = with(each.name, {another_text(each)});
        CHECK(values != settings{});
        CHECK(with(each.name, {value_text(values, each)}) == values);
    }
}
