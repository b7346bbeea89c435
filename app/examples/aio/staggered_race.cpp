// Happy eyeballs: the next address is tried before the one before it has been given up, and the first connection
// counts.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/staggered_race.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct address {
    std::string name;
    std::chrono::milliseconds takes;
    bool answers;
};

// Returns what connects to the address, once it is called.
auto connecting_to(address to) {
    return [to]() -> girin::coro<std::string> {
        std::cout << "trying " << to.name << '\n';
        co_await girin::sleep(to.takes);
        if (!to.answers) throw std::runtime_error(to.name + " refused");
        co_return to.name;
    };
}

girin::coro<> connect() {
    std::vector attempts{connecting_to({"2001:db8::1", 10ms, false}), connecting_to({"2001:db8::2", 10s, true}),
                         connecting_to({"192.0.2.1", 10ms, true})};
    auto race = co_await girin::staggered_race(attempts, 100ms);
    if (race.winner) std::cout << "connected to " << *race.value << '\n';
}

int main() {
    girin::run(connect());
}

// Prints:
// trying 2001:db8::1
// trying 2001:db8::2
// trying 192.0.2.1
// connected to 192.0.2.1
