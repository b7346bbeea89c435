// An event: tasks wait until something has happened.
#include <girin/event.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> runner(int number, girin::event start) {
    std::cout << number << " is ready\n";
    co_await start.wait();
    std::cout << number << " runs\n";
}

girin::coro<> starter(girin::event start) {
    co_await girin::sleep(1ms);
    std::cout << "go\n";
    start.set();
}

girin::coro<> race() {
    girin::event start;
    co_await girin::gather(runner(1, start), runner(2, start), runner(3, start), starter(start));
}

int main() {
    girin::run(race());
}

// Prints:
// 1 is ready
// 2 is ready
// 3 is ready
// go
// 1 runs
// 2 runs
// 3 runs
