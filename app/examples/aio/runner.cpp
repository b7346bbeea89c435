// A runner runs one main coroutine after the other on the same loop, and ends in order.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::coro<> heartbeat() {
    try {
        for (;;) {
            std::cout << "beat\n";
            co_await girin::sleep(1s);
        }
    } catch (const girin::cancelled_error&) {
        std::cout << "no more beats\n";
        throw;
    }
}

girin::coro<std::string> start() {
    girin::create_task(heartbeat());
    co_await girin::sleep(500ms);
    co_return "started";
}

girin::coro<std::string> work() {
    co_await girin::sleep(1s);
    co_return "worked";
}

int main() {
    girin::runner runner({.virtual_time = true});
    std::cout << runner.run(start()) << '\n';
    std::cout << runner.run(work()) << '\n';
}

// Prints:
// beat
// started
// beat
// worked
// no more beats
