// Tasks: coroutines that run at the same time, with a name, and a result that is awaited.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::coro<int> brew(std::string what, std::chrono::milliseconds time) {
    std::cout << girin::current_task().get_name() << " begins " << what << '\n';
    co_await girin::sleep(time);
    co_return static_cast<int>(what.size());
}

girin::coro<> kitchen() {
    auto tea = girin::create_task(brew("tea", 30ms), {.name = "Ann"});
    auto coffee = girin::create_task(brew("coffee", 20ms), {.name = "Ben"});
    std::cout << "nobody has begun\n";
    int cups = co_await tea + co_await coffee;
    std::cout << cups << " cups\n";

    auto water = girin::create_task(brew("water", 0ms), {.name = "Cyd", .eager_start = true});
    std::cout << "Cyd has begun\n";
    co_await water;
}

int main() {
    girin::run(kitchen(), {.virtual_time = true});
}

// Prints:
// nobody has begun
// Ann begins tea
// Ben begins coffee
// 9 cups
// Cyd begins water
// Cyd has begun
