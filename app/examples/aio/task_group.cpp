// A task group: nobody is left behind. When one fails the others are cancelled, and all errors arrive together.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task_group.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

girin::coro<int> price(std::string shop, std::chrono::milliseconds takes, int euros) {
    try {
        co_await girin::sleep(takes);
    } catch (const girin::cancelled_error&) {
        std::cout << shop << " is not asked any more\n";
        throw;
    }
    if (euros < 0) throw std::out_of_range(shop + " has none left");
    co_return euros;
}

girin::coro<int> cheapest() {
    co_return co_await girin::task_group::run([](girin::task_group& group) -> girin::coro<int> {
        auto here = group.create_task(price("here", 10ms, 12));
        auto there = group.create_task(price("there", 20ms, 9));
        int a = co_await here, b = co_await there;
        co_return a < b ? a : b;
    });
}

girin::coro<> shopping() {
    std::cout << co_await cheapest() << " euros\n";
    try {
        co_await girin::task_group::run([](girin::task_group& group) -> girin::coro<> {
            group.create_task(price("the market", 10s, 8));
            group.create_task(price("the cellar", 10ms, -1));
            co_return;
        });
    } catch (const girin::exception_group& errors) {
        errors.for_each<std::out_of_range>([](const auto& error) { std::cout << error.what() << '\n'; });
        if (auto rest = errors.split<std::out_of_range>().rest) std::rethrow_exception(rest);
    }
}

int main() {
    girin::run(shopping());
}

// Prints:
// 9 euros
// the market is not asked any more
// the cellar has none left
