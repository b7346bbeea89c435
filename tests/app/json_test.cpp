// JSON in and out.
#include <girin/app.hpp>
#include <girin/json.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using girin::coro;
using girin::json;
using girin::json_response;
using girin::request;
using girin::response;
using girin::test_client;

namespace {

struct item {
    std::string name;
    int count = 0;
};

void from_json(const json& document, item& i) {
    i.name = document.at("name").get<std::string>();
    i.count = document.at("count").get<int>();
}

girin::app reading() {
    girin::app app;
    app.post("/any", [](request& req) -> coro<response> { co_return json_response(co_await req.json()); });
    app.post("/item", [](request& req) -> coro<response> {
        const item i = co_await req.json<item>();
        co_return i.name + " " + std::to_string(i.count);
    });
    app.post("/plain", [](request& req) -> response { return json_response(girin::parse_json(req.data())["n"]); });
    return app;
}

}  // namespace

TEST_CASE("json_response is compact application/json") {
    girin::app app;
    app.get("/", [](request&) -> coro<response> { co_return json_response({{"id", 7}, {"tags", {"a", "b"}}}, 201); });
    const auto answer = test_client(app).get("/");
    CHECK(answer.status == 201);
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.body == R"({"id":7,"tags":["a","b"]})");
    CHECK(answer.json()["id"] == 7);
}

TEST_CASE("json() reads the body as a document or as a type") {
    test_client client(reading());
    CHECK(client.post("/any", " {\"a\": [1, 2.5, null, true, \"\\u00e9\"]} ").body ==
          "{\"a\":[1,2.5,null,true,\"\xc3\xa9\"]}");
    CHECK(client.post("/item", R"({"name": "nail", "count": 3})").body == "nail 3");
    CHECK(client.post("/plain", R"({"n": [1]})").body == "[1]");
}

TEST_CASE("malformed JSON is answered 400 with the position") {
    test_client client(reading());
    for (const char* text : {"", "{", "{\"a\": }", "[1,]", "[1] x", "nul", "\"\xff\"", "'a'", "{a: 1}", "NaN"}) {
        CAPTURE(text);
        const auto answer = client.post("/any", text);
        CHECK(answer.status == 400);
        CHECK(answer.body.starts_with("malformed JSON at byte "));
    }
    CHECK(client.post("/any", "{\"a\": }").body.starts_with("malformed JSON at byte 7:"));
}

TEST_CASE("a number that no double holds is answered 400") {
    test_client client(reading());
    for (const char* text : {"[1e999]", "-1e999", R"({"name": "nail", "count": 1e999})"}) {
        CAPTURE(text);
        const auto answer = client.post("/item", text);
        CHECK(answer.status == 400);
        CHECK(answer.body.starts_with("malformed JSON: "));
    }
}

TEST_CASE("malformed JSON is not echoed, whatever its size and its bytes") {
    test_client client(reading());
    const std::string big(1'000'000, 'x');
    for (const std::string& text :
         {"\"" + big, "\"" + big + "\xff\"", std::string(1'000'000, '9') + "e999", std::string("\"\x1b[31m")}) {
        const auto answer = client.post("/any", text);
        CHECK(answer.status == 400);
        CHECK(answer.body.size() < 250);
        CHECK(answer.body.find('\x1b') == std::string::npos);
        CHECK_NOTHROW(json(answer.body).dump());  // it is UTF-8
    }
    const auto cut = client.post("/any", "\"" + std::string(200, 'x') + "\xc3\xa9");
    CHECK(cut.body.ends_with("..."));
}

TEST_CASE("JSON that is nested too deeply is answered 400") {
    test_client client(reading());
    auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(client.post("/any", nested(girin::max_json_depth)).status == 200);
    CHECK(client.post("/any", nested(girin::max_json_depth + 1)).status == 400);
    CHECK(client.post("/any", std::string(1'000'000, '[')).status == 400);
    CHECK(client.post("/any", "\"" + std::string(1'000'000, '[') + "\"").status == 200);
    CHECK(client.post("/any", "\"\\\"" + std::string(1'000'000, '[') + "\"").status == 200);
}

TEST_CASE("a document that is not of the type is answered 422 with the reason") {
    test_client client(reading());
    const auto answer = client.post("/item", R"({"name": "nail", "count": "three"})");
    CHECK(answer.status == 422);
    CHECK(answer.body.find("type must be number") != std::string::npos);
    CHECK(client.post("/item", R"({"name": "nail"})").status == 422);
}
