// Functions that block run in threads, and the loop goes on.
#include <girin/gather.hpp>
#include <girin/run_in_executor.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>
#include <girin/to_thread.hpp>

#include <chrono>
#include <iostream>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;

std::string read_report(int year) {
    std::this_thread::sleep_for(20ms);  // a slow disk
    if (year > 2025) throw std::runtime_error("no report of " + std::to_string(year) + " yet");
    return "the report of " + std::to_string(year);
}

girin::coro<> read_them() {
    auto reports = co_await girin::gather(girin::to_thread(read_report, 2024), girin::to_thread(read_report, 2025));
    std::cout << std::get<0>(reports) << ", " << std::get<1>(reports) << '\n';
    try {
        co_await girin::to_thread(read_report, 2026);
    } catch (const std::runtime_error& e) {
        std::cout << e.what() << '\n';
    }
}

// A pool of one's own: one printer, and who waits for it.
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

// Nobody waits for what was abandoned, and so it owns what it needs.
girin::coro<> look_up() {
    auto home = std::make_shared<std::latch>(1);
    auto ask = [](std::shared_ptr<std::latch> door) { door->wait(); };
    try {
        co_await girin::wait_for(girin::to_thread(girin::abandon, ask, home), 10ms);
    } catch (const girin::timeout_error&) {
        std::cout << "nobody knows who is at home\n";
    }
    home->count_down();
}

girin::coro<> office() {
    co_await read_them();
    co_await print_them();
    co_await look_up();
}

int main() {
    girin::run(office());
}

// Prints:
// the report of 2024, the report of 2025
// no report of 2026 yet
// every thread of the pool is busy and its queue is full
// 1 page waits
// the third page
// 2 printed, 1 dropped
// nobody knows who is at home
