// A lock: what a task reads, and writes back after it has waited, nobody else may change meanwhile.
#include <girin/gather.hpp>
#include <girin/lock.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

struct account {
    girin::lock lock;
    int balance = 100;
};

girin::coro<> withdraw(account& from, int amount) {
    auto held = co_await from.lock.acquire_guard();
    if (from.balance < amount) {
        std::cout << amount << " refused\n";
        co_return;
    }
    co_await girin::sleep(1ms);  // without the lock, everybody would have seen a balance of 100
    from.balance -= amount;
    std::cout << amount << " withdrawn, " << from.balance << " left\n";
}

girin::coro<> day_at_the_bank() {
    account shared;
    co_await girin::gather(withdraw(shared, 60), withdraw(shared, 50), withdraw(shared, 40));
}

int main() {
    girin::run(day_at_the_bank());
}

// Prints:
// 60 withdrawn, 40 left
// 50 refused
// 40 withdrawn, 0 left
