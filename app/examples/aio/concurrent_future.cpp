// What a thread makes is awaited in the loop, and is not made when nobody wants it any more.
#include <girin/concurrent_future.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/wrap_future.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

using namespace std::chrono_literals;

// In a thread of its own.
void cook(std::string dish, girin::concurrent_future<std::string> order) {
    if (!order.set_running_or_notify_cancel()) return;
    if (dish == "fish")
        order.set_exception(std::runtime_error("there is no fish on Mondays"));
    else
        order.set_result("a plate of " + dish);
}

girin::coro<> dine() {
    girin::concurrent_future<std::string> soup, fish, cake;
    girin::wrap_future(cake).cancel();
    co_await girin::sleep(0s);  // a turn later it is cancelled for the thread, too
    std::jthread kitchen([=] {
        cook("soup", soup);
        cook("fish", fish);
        cook("cake", cake);
    });
    std::cout << co_await girin::wrap_future(soup) << '\n';
    try {
        co_await girin::wrap_future(fish);
    } catch (const std::runtime_error& e) {
        std::cout << e.what() << '\n';
    }
    std::cout << (cake.cancelled() ? "no cake\n" : "a cake\n");
}

int main() {
    girin::run(dine());
}

// Prints:
// a plate of soup
// there is no fish on Mondays
// no cake
