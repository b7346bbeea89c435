// A coroutine that yields values, and closes what it reads from when nobody wants more.
#include <girin/async_generator.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::async_generator<int> ticks() {
    std::exception_ptr raised;
    try {
        for (int i = 1;; ++i) {
            co_await girin::sleep(1s);
            co_yield i;
        }
    } catch (...) {
        raised = std::current_exception();  // generator_exit, when it is closed
    }
    std::cout << "stopping the clock\n";
    co_await girin::sleep(1s);
    std::cout << "the clock has stopped\n";
    std::rethrow_exception(raised);
}

girin::coro<> watch() {
    auto clock = ticks();
    while (auto tick = co_await clock.next()) {
        std::cout << "tick " << *tick << '\n';
        if (*tick == 3) break;
    }
    std::cout << "enough\n";
    co_await clock.aclose();
    if (!co_await clock.next()) std::cout << "nothing more\n";
}

int main() {
    girin::run(watch(), {.virtual_time = true});
}

// Prints:
// tick 1
// tick 2
// tick 3
// enough
// stopping the clock
// the clock has stopped
// nothing more
