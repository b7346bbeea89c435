// A bound on how long one thing may take: a coroutine, or what a queue is asked for.
#include <girin/queue.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

// It finishes its sentence when it is interrupted.
girin::coro<std::string> answer(std::chrono::milliseconds takes) {
    try {
        co_await girin::sleep(takes);
        co_return "42";
    } catch (const girin::cancelled_error&) {
        std::cout << "hm\n";
        throw;
    }
}

girin::coro<> ask() {
    std::cout << co_await girin::wait_for(answer(10ms), 20ms) << '\n';
    try {
        co_await girin::wait_for(answer(1h), 20ms);
    } catch (const girin::timeout_error& e) {
        std::cout << e.what() << '\n';
    }
    girin::queue<std::string> questions;
    try {
        co_await girin::wait_for(questions.get(), 1h);
    } catch (const girin::timeout_error&) {
        std::cout << "nobody asks\n";
    }
}

int main() {
    girin::run(ask(), {.virtual_time = true});
}

// Prints:
// 42
// hm
// timed out
// nobody asks
