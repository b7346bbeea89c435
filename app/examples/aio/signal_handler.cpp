// A signal that ends a service in order.
#include <girin/event.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>

#include <signal.h>

#include <iostream>

girin::coro<> service() {
    girin::event stop;
    girin::loop::running().add_signal_handler(SIGTERM, [&] {
        std::cout << "asked to stop\n";
        stop.set();
    });
    std::cout << "serving\n";
    ::raise(SIGTERM);  // or `kill` in a shell
    co_await stop.wait();
    girin::loop::running().remove_signal_handler(SIGTERM);
    std::cout << "stopped\n";
}

int main() {
    girin::run(service());
}

// Prints:
// serving
// asked to stop
// stopped
