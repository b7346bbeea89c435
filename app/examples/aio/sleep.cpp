// sleep: others run meanwhile, and on a virtual clock nobody waits.
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::coro<> tick(std::string name, std::chrono::seconds pause) {
    for (int i = 1; i <= 2; ++i) {
        co_await girin::sleep(pause);
        std::cout << name << ' ' << i << '\n';
    }
}

girin::coro<> clocks() {
    auto start = girin::loop::running().time();
    co_await girin::gather(tick("hour", 3600s), tick("half", 1800s));
    auto passed = girin::loop::running().time() - start;
    std::cout << std::chrono::duration_cast<std::chrono::hours>(passed).count() << " hours\n";
    std::cout << co_await girin::sleep(1s, std::string("done")) << '\n';
}

int main() {
    girin::run(clocks(), {.virtual_time = true});
}

// Prints:
// half 1
// hour 1
// half 2
// hour 2
// 2 hours
// done
