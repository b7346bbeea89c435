// What a loop measures of itself: what it has to do, and how late its timers are.
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> compute() {
    co_await girin::sleep(10ms);
    girin::loop::running().advance(50ms);  // on a real clock, a computation that takes so long
}

girin::coro<> measure() {
    auto& loop = girin::loop::running();
    auto busy = girin::create_task(compute());
    auto waits = girin::create_task(girin::sleep(20ms));
    co_await girin::sleep(0s);
    auto now = loop.figures();
    std::cout << now.tasks << " tasks, " << now.timers << " timers\n";

    co_await busy;
    co_await waits;
    auto then = loop.figures();
    std::cout << "the longest turn: "
              << std::chrono::duration_cast<std::chrono::milliseconds>(then.longest_turn).count() << " ms\n";
    for (std::size_t i = 0; i < then.lag.size(); ++i)
        if (then.lag[i]) std::cout << then.lag[i] << " timer at most " << (1 << i) << " us late\n";
}

int main() {
    girin::run(measure(), {.virtual_time = true});
}

// Prints:
// 3 tasks, 2 timers
// the longest turn: 50 ms
// 1 timer at most 1 us late
// 1 timer at most 65536 us late
