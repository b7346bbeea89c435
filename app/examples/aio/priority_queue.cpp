// A priority_queue: what is smallest is got first. It can be handed to whatever takes a queue.
#include <girin/priority_queue.hpp>
#include <girin/runner.hpp>

#include <iostream>
#include <string>
#include <utility>

using job = std::pair<int, std::string>;

girin::coro<> work(girin::queue<job> jobs) {
    while (!jobs.empty()) {
        auto next = co_await jobs.get();
        std::cout << next.first << ": " << next.second << '\n';
    }
}

girin::coro<> morning() {
    girin::priority_queue<job> jobs;
    co_await jobs.put({3, "answer letters"});
    co_await jobs.put({1, "put out the fire"});
    co_await jobs.put({2, "make coffee"});
    co_await work(jobs);
}

int main() {
    girin::run(morning());
}

// Prints:
// 1: put out the fire
// 2: make coffee
// 3: answer letters
