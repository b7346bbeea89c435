// The loop's callbacks: in the next turn, later, at a time, and taken back.
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> alarm_clock() {
    auto& loop = girin::loop::running();
    loop.call_soon([] { std::cout << "in the next turn\n"; });
    loop.call_later(20ms, [] { std::cout << "after 20 ms\n"; });
    loop.call_at(loop.time() + 10ms, [] { std::cout << "at its time\n"; });
    auto never = loop.call_later(15ms, [] { std::cout << "never\n"; });
    never.cancel();
    std::cout << "first of all\n";
    co_await girin::sleep(1s);
}

int main() {
    girin::loop loop({.virtual_time = true});
    loop.run_until_complete(alarm_clock());
}

// Prints:
// first of all
// in the next turn
// at its time
// after 20 ms
