// Functions that block run in threads, and the loop goes on.
#include <girin/gather.hpp>
#include <girin/runner.hpp>
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
    co_await look_up();
}

int main() {
    girin::run(office());
}

// Prints:
// the report of 2024, the report of 2025
// no report of 2026 yet
// nobody knows who is at home
