// Threads beside a loop: one hands it coroutines and waits for what they return, and a task awaits what a thread makes.
#include <girin/concurrent_future.hpp>
#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/run_coroutine_threadsafe.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/wrap_future.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

girin::coro<int> balance(int account) {
    co_await girin::sleep(1ms);
    co_return account * 100;
}

// Not a coroutine: it has a thread of its own, and blocks.
void old_code(girin::loop& bank, girin::concurrent_future<int> answer) {
    auto first = girin::run_coroutine_threadsafe(balance(1), bank);
    auto second = girin::run_coroutine_threadsafe(balance(2), bank);
    answer.set_result(first.result(10s) + second.result(10s));
}

girin::coro<> bank() {
    girin::concurrent_future<int> answer;
    std::jthread other(old_code, std::ref(girin::loop::running()), answer);
    std::cout << "the sum is " << co_await girin::wrap_future(answer) << '\n';
}

int main() {
    girin::run(bank());
}

// Prints:
// the sum is 300
