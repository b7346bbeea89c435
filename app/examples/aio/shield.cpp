// A shield: who waits may be cancelled, what has been begun is brought to its end.
#include <girin/runner.hpp>
#include <girin/shield.hpp>
#include <girin/sleep.hpp>
#include <girin/timeout.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> save(int order) {
    std::cout << "order " << order << " is being saved\n";
    co_await girin::sleep(50ms);
    std::cout << "order " << order << " is saved\n";
}

girin::coro<> take_orders() {
    auto saving = girin::create_task(save(1));
    try {
        co_await girin::wait_for(girin::shield(saving), 10ms);
    } catch (const girin::timeout_error&) {
        std::cout << "the client does not wait any longer\n";
    }
    co_await saving;
}

int main() {
    girin::run(take_orders());
}

// Prints:
// order 1 is being saved
// the client does not wait any longer
// order 1 is saved
