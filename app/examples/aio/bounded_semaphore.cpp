// A bounded semaphore: seats that are given back once too often are noticed.
#include <girin/bounded_semaphore.hpp>
#include <girin/runner.hpp>

#include <iostream>
#include <stdexcept>

girin::coro<> cinema() {
    girin::bounded_semaphore seats(2);
    co_await seats.acquire();
    std::cout << "one seat is taken\n";
    seats.release();
    std::cout << "and given back\n";
    try {
        seats.release();
    } catch (const std::invalid_argument& e) {
        std::cout << e.what() << '\n';
    }
}

int main() {
    girin::run(cinema());
}

// Prints:
// one seat is taken
// and given back
// semaphore released too many times: release() it once after each acquire()
