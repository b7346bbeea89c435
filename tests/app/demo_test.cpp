// The demo application, route by route.
#include <girin/app.hpp>
#include <girin/json.hpp>
#include <girin/loop.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using girin::test_client;
using girin::test_request;

girin::app make_app();  // app/examples/demo/demo.cpp

TEST_CASE("/ is Hello, World! in plain text") {
    const auto answer = test_client(make_app()).get("/");
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "text/plain; charset=utf-8");
    CHECK(answer.body == "Hello, World!");
}

TEST_CASE("/json is a greeting in JSON") {
    const auto answer = test_client(make_app()).get("/json");
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.body == R"({"message":"Hello, World!"})");
}

TEST_CASE("/echo gives every chunk back as it comes, with its content-type") {
    test_client client(make_app());
    const std::string large(3 << 20, 'x');
    const auto answer = client.send(test_request("POST", "/echo")
                                        .header("content-type", "image/png")
                                        .chunks({"a", large, std::string("\0\r\n", 3)}));
    CHECK(answer.chunks == std::vector<std::string>{"a", large, std::string("\0\r\n", 3)});
    CHECK(answer.header("content-type") == "image/png");
    CHECK(client.post("/echo").body.empty());
    CHECK(client.get("/echo").status == 405);
}

TEST_CASE("/users/{id} is JSON for a number and 404 for anything else") {
    test_client client(make_app());
    CHECK(client.get("/users/7").json()["id"] == 7);
    CHECK(client.get("/users/ada").status == 404);
    CHECK(client.get("/users/99999999999").status == 404);
}

TEST_CASE("/sleep waits as long as it is told") {
    test_client client(make_app());
    const auto start = client.loop().time();
    CHECK(client.get("/sleep").status == 200);
    CHECK(client.loop().time() - start == 100ms);
    client.get("/sleep?ms=60000");
    CHECK(client.loop().time() - start == 60'100ms);
}

TEST_CASE("/block and /cpu answer from the pool") {
    test_client client(make_app());
    CHECK(client.get("/block?ms=1").body == "blocked 1 ms\n");
    CHECK(client.get("/cpu?ms=1").body == "burnt 1 ms\n");
}

TEST_CASE("/stream is chunked, a line at a time") {
    test_client client(make_app());
    CHECK(client.get("/stream?n=3").chunks == std::vector<std::string>{"line 1\n", "line 2\n", "line 3\n"});
    CHECK(client.get("/stream").chunks.size() == 10);
    CHECK(client.get("/stream?n=0").body.empty());
    CHECK(!client.get("/stream").header("content-length"));
}

TEST_CASE("times and counts out of bounds are answered 400") {
    test_client client(make_app());
    for (const char* target : {"/sleep?ms=-1", "/sleep?ms=60001", "/sleep?ms=x", "/block?ms=-1", "/block?ms=60001",
                               "/cpu?ms=60001", "/stream?n=-1", "/stream?n=1000001", "/stream?n=1.5"}) {
        CAPTURE(target);
        CHECK(client.get(target).status == 400);
    }
}

TEST_CASE("/pid names the worker and its generation") {
    setenv("GIRIN_GENERATION", "3", 1);
    const auto answer = test_client(make_app()).get("/pid").json();
    unsetenv("GIRIN_GENERATION");
    CHECK(answer["pid"] == getpid());
    CHECK(answer["generation"] == 3);
}

TEST_CASE("chaos is there for DEMO_CHAOS=1 only") {
    for (const char* target : {"/crash", "/hang", "/throw"}) CHECK(test_client(make_app()).get(target).status == 404);
    setenv("DEMO_CHAOS", "1", 1);
    const girin::app chaotic = make_app();
    unsetenv("DEMO_CHAOS");
    CHECK_THROWS_WITH_AS(test_client(chaotic).get("/throw"), "thrown by /throw", std::runtime_error);
}
