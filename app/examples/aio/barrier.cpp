// A barrier: nobody begins the second lap before everybody has finished the first.
#include <girin/barrier.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> swim(int lane, girin::barrier wall) {
    co_await girin::sleep(lane * 1ms);
    std::cout << "lane " << lane << " turns\n";
    std::size_t place = co_await wall.wait();
    if (place == 0) std::cout << "second lap\n";  // one of them says so
    co_await girin::sleep(lane * 1ms);
    std::cout << "lane " << lane << " is home\n";
}

girin::coro<> relay() {
    girin::barrier wall(3);
    co_await girin::gather(swim(1, wall), swim(2, wall), swim(3, wall));
}

int main() {
    girin::run(relay(), {.virtual_time = true});
}

// Prints:
// lane 1 turns
// lane 2 turns
// lane 3 turns
// second lap
// lane 1 is home
// lane 2 is home
// lane 3 is home
