// Settings as JSON.
#include "config/json.hpp"

#include "tests/config/support.hpp"

#include <doctest/doctest.h>

using namespace girin::config;
using namespace girin::config::testing;

namespace {

std::string complaint(std::string_view text) {
    return message_of([text] { read_json(text, "f.json"); });
}

std::string type_complaint(std::string_view name, std::string_view literal) {
    const std::string text = "{\"" + std::string(name) + "\": " + std::string(literal) + "}";
    return message_of([&] {
        settings values;
        set_value(values, setting(name), read_json(text, "f.json").at(0), "f.json:1");
    });
}

}  // namespace

TEST_CASE("the members of a file come in order with the lines of their keys") {
    const auto entries =
        read_json("// note\n{\n  /* a\n long one */ \"workers\":\n 4,\n\n\"bind\": [\":1\", \":2\"]}\n", "f.json");
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].key == "workers");
    CHECK(entries[0].line == 4);
    CHECK(entries[0].texts == std::vector<std::string>{"4"});
    CHECK(entries[1].key == "bind");
    CHECK(entries[1].line == 7);
    CHECK(entries[1].texts == std::vector<std::string>{":1", ":2"});
}

TEST_CASE("what is not one JSON object is refused with its place") {
    CHECK(complaint("{\"a\": 1,\n\"b\" 2}").starts_with("f.json: parse error at line 2, column 5: "));
    CHECK(complaint("").starts_with("f.json: parse error"));
    CHECK(complaint("{} {}").starts_with("f.json: parse error"));
    CHECK(complaint("{\"a\": \"\xff\"}").starts_with("f.json: parse error"));
    CHECK(complaint("{\"a\": 1e999}").starts_with("f.json: number overflow"));
    CHECK(complaint("4") == "f.json: expected {\"name\": value}, got 4");
    CHECK(complaint("[{}]") == "f.json: expected {\"name\": value}, got a list");
    CHECK(complaint("{}") == "nothing thrown");
}

TEST_CASE("a key that comes twice is refused with both places") {
    CHECK(complaint("{\"workers\": 1,\n\"threads\": 1,\n\"workers\": 2}") ==
          "f.json: 'workers' is set twice, in line 1 and in line 3");
}

TEST_CASE("deeply nested values are read without recursion and refused") {
    const std::string text = "{\"bind\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    CHECK(read_json(text, "f.json").at(0).type == json_type::other);
    CHECK(read_json("{\"x\": {\"workers\": 1, \"bind\": [\"a\"]}, \"y\": 1}", "f.json").size() == 2);
}

TEST_CASE("a value of the wrong JSON type is refused by name and place") {
    CHECK(type_complaint("workers", "\"4\"") ==
          "workers (f.json:1): expected a whole number from 1 to 1024, got the string '4'");
    CHECK(type_complaint("workers", "-4").ends_with("got '-4'"));
    CHECK(type_complaint("workers", "2.5").ends_with("got '2.5'"));
    CHECK(type_complaint("workers", "4e0").ends_with("got '4e0'"));
    CHECK(type_complaint("workers", "true").ends_with("got true"));
    CHECK(type_complaint("workers", "null").ends_with("got null"));
    CHECK(type_complaint("workers", "[4]").ends_with("got a list with 4 in it"));
    CHECK(type_complaint("workers", "[\"4\"]").ends_with("got a list"));
    CHECK(type_complaint("workers", "{\"a\": 1}").ends_with("got an object"));
    CHECK(type_complaint("half_close", "1").ends_with("expected true or false, got 1"));
    CHECK(type_complaint("half_close", "\"true\"").ends_with("got the string 'true'"));
    CHECK(type_complaint("timeout", "0.5").ends_with("got '0.5'"));
    CHECK(type_complaint("worker_class", "false").ends_with("got false"));
    CHECK(type_complaint("bind", "8000").ends_with("got 8000"));
    CHECK(type_complaint("bind", "[]").ends_with("got nothing"));
    CHECK(type_complaint("bind", "[\":1\", 2]").ends_with("got a list with 2 in it"));
    CHECK(type_complaint("bind", "[\":1\", [\":2\"]]").ends_with("got a list with a list in it"));
    CHECK(type_complaint("chdir", "\"a\\u0000b\"").ends_with("got 'a\\x00b'"));
}

TEST_CASE("sizes and durations may be numbers or strings") {
    CHECK(type_complaint("timeout", "30") == "nothing thrown");
    CHECK(type_complaint("timeout", "\"1h30m\"") == "nothing thrown");
    CHECK(type_complaint("limit_request_body", "8190") == "nothing thrown");
    CHECK(type_complaint("limit_request_body", "\"64k\"") == "nothing thrown");
}

TEST_CASE("every setting survives the way to a worker") {
    settings all;
    for (const definition& each : definitions()) {
        CAPTURE(each.name);
        settings values;
        const std::string text = another_text(each);
        set_value(values, each, {&text, 1}, "test");
        set_value(all, each, {&text, 1}, "test");
        CHECK(values != settings{});
        CHECK(from_json(to_json(values)) == values);
    }
    CHECK(from_json(to_json(all)) == all);
    CHECK(from_json(to_json(settings{})) == settings{});
}

TEST_CASE("a worker takes settings from a master of another version") {
    CHECK(from_json("{\"from_the_future\": {\"a\": [1]}, \"workers\": 3}").workers == 3);
    CHECK(from_json("{}") == settings{});
    CHECK_THROWS_AS(from_json("{\"workers\": 0}"), config_error);
    CHECK_THROWS_AS(from_json(""), config_error);
}
