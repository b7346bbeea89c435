// A condition: tasks wait until what a lock protects is as they need it.
#include <girin/condition.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

struct kitchen {
    girin::condition changed;
    int plates = 0;
};

girin::coro<> guests(kitchen& from, int number) {
    auto held = co_await from.changed.acquire_guard();
    co_await from.changed.wait_for([&] { return from.plates >= number; });
    from.plates -= number;
    std::cout << number << " guests eat, " << from.plates << " plates are left\n";
}

girin::coro<> cook(kitchen& in, int plates) {
    while (plates-- > 0) {
        co_await girin::sleep(1ms);
        auto held = co_await in.changed.acquire_guard();
        ++in.plates;
        in.changed.notify_all();
    }
}

girin::coro<> evening() {
    kitchen open;
    co_await girin::gather(guests(open, 3), guests(open, 1), cook(open, 5));
    std::cout << open.plates << " plate remains\n";
}

int main() {
    girin::run(evening());
}

// Prints:
// 1 guests eat, 0 plates are left
// 3 guests eat, 0 plates are left
// 1 plate remains
