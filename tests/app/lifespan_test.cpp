// One coroutine around a worker's life.
#include <girin/app.hpp>
#include <girin/asgi.hpp>
#include <girin/sleep.hpp>
#include <girin/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using girin::coro;
using girin::request;
using girin::response;
using girin::test_client;

namespace {

struct database {
    std::string name;
};

}  // namespace

TEST_CASE("start-up runs before the first request, and shut-down after the last") {
    std::string order;
    girin::app app;
    app.lifespan([&order](girin::lifespan& life) -> coro<void> {
        co_await girin::sleep(1s);
        order += "up ";
        co_await life.serving();
        co_await girin::sleep(1s);
        order += "down";
    });
    app.get("/", [&order](request&) -> coro<response> {
        order += "request ";
        co_return "";
    });
    {
        test_client client(app);
        CHECK(order == "up ");
        client.get("/");
        CHECK(order == "up request ");
    }
    CHECK(order == "up request down");
}

TEST_CASE("what start-up puts into the state is there for the requests") {
    girin::app app;
    app.lifespan([](girin::lifespan& life) -> coro<void> {
        database& db = life.put(database{"shop"});
        life.put(7);
        db.name += ".db";
        co_await life.serving();
    });
    app.get("/", [](request& req) -> coro<response> {
        co_return req.state<database>().name + " " + std::to_string(req.state<int>()++);
    });
    test_client client(app);
    CHECK(client.get("/").body == "shop.db 7");
    CHECK(client.get("/").body == "shop.db 8");
}

TEST_CASE("a state that nobody has put there is a mistake of the handler's") {
    girin::app app;
    app.get("/", [](request& req) -> coro<response> { co_return req.state<database>().name; });
    CHECK_THROWS_AS(test_client(app).get("/"), std::logic_error);
}

TEST_CASE("a second value of one type fails the start-up") {
    girin::app app;
    app.lifespan([](girin::lifespan& life) -> coro<void> {
        life.put(1);
        life.put(2);
        co_await life.serving();
    });
    CHECK_THROWS_AS(test_client{app}, std::logic_error);
}

TEST_CASE("an exception before serving() fails the start-up") {
    girin::app app;
    app.lifespan([](girin::lifespan& life) -> coro<void> {
        co_await girin::sleep(1s);
        throw std::runtime_error("no database");
        co_await life.serving();
    });
    CHECK_THROWS_WITH_AS(test_client{app}, "no database", std::runtime_error);
}

TEST_CASE("an exception that is no std::exception fails the start-up, and the shut-down, like any other") {
    girin::app early;
    early.lifespan([](girin::lifespan& life) -> coro<void> {
        throw 42;
        co_await life.serving();
    });
    CHECK_THROWS_AS(test_client{early}, int);
    girin::app late;
    late.lifespan([](girin::lifespan& life) -> coro<void> {
        co_await life.serving();
        throw 42;
    });
    test_client client(late);
    CHECK_THROWS_AS(client.close(), int);
}

TEST_CASE("an exception after serving() fails the shut-down") {
    girin::app app;
    app.lifespan([](girin::lifespan& life) -> coro<void> {
        co_await life.serving();
        throw std::runtime_error("not flushed");
    });
    app.get("/", [](request&) -> coro<response> { co_return "fine"; });
    test_client client(app);
    CHECK(client.get("/").body == "fine");
    CHECK_THROWS_WITH_AS(client.close(), "not flushed", std::runtime_error);
    auto destroy = [&] { test_client dying(app); };
    CHECK_THROWS_WITH_AS(destroy(), "not flushed", std::runtime_error);
}

TEST_CASE("a lifespan that never calls serving() has a start-up and no shut-down") {
    bool up = false;
    girin::app app;
    app.lifespan([&up](girin::lifespan&) -> coro<void> {
        up = true;
        co_return;
    });
    app.get("/", [](request&) -> coro<response> { co_return "fine"; });
    test_client client(app);
    CHECK(up);
    CHECK(client.get("/").body == "fine");
    CHECK_NOTHROW(client.close());
}

TEST_CASE("serving() is for once") {
    girin::app app;
    app.lifespan([](girin::lifespan& life) -> coro<void> {
        co_await life.serving();
        co_await life.serving();
    });
    test_client client(app);
    CHECK_THROWS_AS(client.close(), std::logic_error);
}

TEST_CASE("an application has one lifespan") {
    auto life = [](girin::lifespan& span) -> coro<void> { co_await span.serving(); };
    girin::app app;
    app.lifespan(life);
    CHECK_THROWS_AS(app.lifespan(life), std::logic_error);
}

TEST_CASE("an application without a lifespan starts and ends without a word") {
    girin::app app;
    test_client client(app);
    CHECK_NOTHROW(client.close());
    CHECK_NOTHROW(client.close());
}
