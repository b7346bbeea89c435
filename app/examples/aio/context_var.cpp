// A context variable: each request has its own, and what it starts inherits it, in tasks, callbacks and threads.
#include <girin/context_var.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

const girin::context_var<std::string> request("request", "no request");

void log(const std::string& line) {
    std::cout << request.get() << ": " << line << '\n';
}

girin::coro<> handle(std::string id, std::chrono::milliseconds time) {
    request.set(id);
    log("begins");
    co_await girin::sleep(time);
    co_await girin::to_thread(log, "asks the database");
    girin::loop::running().call_soon([] { log("has a callback"); });
    {
        auto restored = request.set_guard(id + "/retry");
        log("tries again");
    }
    log("ends");
}

girin::coro<> serve() {
    auto first = girin::create_task(handle("r1", 20ms));
    auto second = girin::create_task(handle("r2", 10ms));
    co_await second;
    co_await first;
    log("serves no more");
}

int main() {
    girin::run(serve(), {.virtual_time = true});
}

// Prints:
// r1: begins
// r2: begins
// r2: asks the database
// r2/retry: tries again
// r2: ends
// r2: has a callback
// r1: asks the database
// r1/retry: tries again
// r1: ends
// r1: has a callback
// no request: serves no more
