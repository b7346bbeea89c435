// The demo application: one route for each way in which a server is used, measured and shown to be robust.
#include "bounds.hpp"
#include "chaos.hpp"

#include <girin/app.hpp>
#include <girin/json.hpp>
#include <girin/sleep.hpp>
#include <girin/streaming.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>

namespace {

using girin::async_generator;
using girin::coro;
using girin::json_response;
using girin::request;
using girin::response;
using girin::streaming_response;

coro<response> hello(request&) {
    co_return "Hello, World!";
}

coro<response> hello_json(request&) {
    co_return json_response({{"message", "Hello, World!"}});
}

async_generator<std::string_view> chunks_of(girin::body_stream body) {
    while (auto chunk = co_await body.next()) co_yield *chunk;
}

coro<response> echo(request& req) {
    const auto type = req.header("content-type").value_or("application/octet-stream");
    co_return streaming_response(chunks_of(req.stream()), type);
}

coro<response> user(request& req) {
    const int id = req.path_param<int>("id");
    co_return json_response({{"id", id}, {"name", "user " + std::to_string(id)}});
}

coro<response> nap(request& req) {
    const auto time = demo::milliseconds(req, 100);
    co_await girin::sleep(time);
    co_return "slept " + std::to_string(time.count()) + " ms\n";
}

// These two return a response and no coro, and so run in the thread pool.
response block(request& req) {
    const auto time = demo::milliseconds(req, 100);
    std::this_thread::sleep_for(time);
    return "blocked " + std::to_string(time.count()) + " ms\n";
}

response cpu(request& req) {
    const auto time = demo::milliseconds(req, 10);
    auto used = [] {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    };
    const auto end = used() + time;
    while (used() < end) {
    }
    return "burnt " + std::to_string(time.count()) + " ms\n";
}

async_generator<std::string> lines(int count) {
    for (int i = 1; i <= count; ++i) co_yield "line " + std::to_string(i) + "\n";
}

coro<response> stream(request& req) {
    co_return streaming_response(lines(demo::count(req, 10)));
}

coro<response> pid(request&) {
    const char* generation = std::getenv("GIRIN_GENERATION");
    co_return json_response({{"pid", getpid()}, {"generation", generation ? std::atoi(generation) : 0}});
}

}  // namespace

girin::app make_app() {
    girin::app app;
    app.get("/", hello);
    app.get("/json", hello_json);
    app.post("/echo", echo);
    app.get("/users/{id:int}", user);
    app.get("/sleep", nap);
    app.get("/block", block);
    app.get("/cpu", cpu);
    app.get("/stream", stream);
    app.get("/pid", pid);
    if (demo::wants_chaos()) demo::add_chaos(app);
    return app;
}

GIRIN_APP(make_app)
