// Deadlines: around a block, one for several blocks, and one that moves as long as there is progress.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::coro<std::string> answer(std::chrono::milliseconds takes) {
    co_await girin::sleep(takes);
    co_return "42";
}

girin::coro<> ask() {
    try {
        co_await girin::timeout(20ms, []() -> girin::coro<> {
            std::cout << co_await answer(1ms) << " is the first answer\n";
            std::cout << co_await answer(10s) << " is the second answer\n";
        });
    } catch (const girin::timeout_error& error) {
        std::cout << error.what() << '\n';
    }
}

// Each question has what the one before has left of the time.
girin::coro<> examine() {
    auto end = girin::loop::running().time() + 50ms;
    try {
        for (int question = 1;; ++question) {
            co_await girin::timeout_at(end, [&]() -> girin::coro<> {
                std::cout << co_await answer(20ms) << " is answer " << question << '\n';
            });
        }
    } catch (const girin::timeout_error&) {
        std::cout << "the time is up\n";
    }
}

// As long as something arrives within 200 ms of the one before.
girin::coro<> listen() {
    auto body = [](girin::timeout_scope& deadline) -> girin::coro<> {
        for (auto pause : {1ms, 2ms, 10'000ms}) {
            co_await girin::sleep(pause);
            std::cout << "heard after " << pause.count() << " ms\n";
            deadline.reschedule(girin::loop::running().time() + 200ms);
        }
    };
    try {
        co_await girin::timeout(200ms, body);
    } catch (const girin::timeout_error&) {
        std::cout << "silence\n";
    }
}

girin::coro<> all() {
    co_await ask();
    co_await examine();
    co_await listen();
}

int main() {
    girin::run(all(), {.virtual_time = true});
}

// Prints:
// 42 is the first answer
// timed out
// 42 is answer 1
// 42 is answer 2
// the time is up
// heard after 1 ms
// heard after 2 ms
// silence
