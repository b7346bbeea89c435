// A bounded queue: a producer that is ahead waits for its consumers, and shutdown sends them home.
#include <girin/gather.hpp>
#include <girin/queue.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::coro<> produce(girin::queue<int> orders) {
    for (int order = 1; order <= 5; ++order) {
        co_await orders.put(order);
        std::cout << "order " << order << " is in, " << orders.qsize() << " wait\n";
    }
    co_await orders.join();
    std::cout << "all is done\n";
    orders.shutdown();
}

girin::coro<> consume(std::string name, girin::queue<int> orders) {
    try {
        for (;;) {
            int order = co_await orders.get();
            co_await girin::sleep(10ms);
            std::cout << name << " has made " << order << '\n';
            orders.task_done();
        }
    } catch (const girin::queue_shut_down&) {
        std::cout << name << " goes home\n";
    }
}

girin::coro<> bakery() {
    girin::queue<int> orders(2);
    co_await girin::gather(produce(orders), consume("Ann", orders), consume("Ben", orders));
}

int main() {
    girin::run(bakery(), {.virtual_time = true});
}

// Prints:
// order 1 is in, 1 wait
// order 2 is in, 2 wait
// order 3 is in, 1 wait
// order 4 is in, 2 wait
// Ann has made 1
// Ben has made 2
// order 5 is in, 1 wait
// Ann has made 3
// Ben has made 4
// Ann has made 5
// all is done
// Ben goes home
// Ann goes home
