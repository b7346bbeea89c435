// A pool of one's own: one printer, and who waits for it.
#include <girin/run_in_executor.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/thread_pool.hpp>

#include <chrono>
#include <iostream>
#include <latch>

using namespace std::chrono_literals;

girin::coro<> print_them() {
    girin::thread_pool printer({.threads = 1, .queue = 2, .name = "printer"});
    std::latch paper(1);
    auto first = girin::run_in_executor(printer, [&] { paper.wait(); });
    while (printer.busy() == 0) co_await girin::sleep(1ms);
    auto second = girin::run_in_executor(printer, [] { std::cout << "the second page\n"; });
    auto third = girin::run_in_executor(printer, [] { std::cout << "the third page\n"; });
    try {
        co_await girin::run_in_executor(printer, [] { std::cout << "never\n"; });
    } catch (const girin::pool_full& e) {
        std::cout << e.what() << '\n';
    }
    second.cancel();  // it has not begun, and never will
    std::cout << printer.figures().queued << " page waits\n";
    paper.count_down();
    co_await first;
    co_await third;
    std::cout << printer.figures().called << " printed, " << printer.figures().dropped << " dropped\n";
}

int main() {
    girin::run(print_them());
}

// Prints:
// every thread of the pool is busy and its queue is full
// 1 page waits
// the third page
// 2 printed, 1 dropped
