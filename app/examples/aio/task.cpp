// Tasks: coroutines that run at the same time, with a name, and a result that is awaited; and who runs still.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/wait.hpp>

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

girin::coro<> closing_time() {
    auto soup = girin::create_task(brew("soup", 1h), {.name = "Dan"});
    co_await girin::sleep(1ms);
    for (auto& task : girin::all_tasks()) {
        if (task == girin::current_task()) continue;
        std::cout << task.get_name() << " is sent home\n";
        task.cancel();
    }
    co_await girin::wait({soup});
}

girin::coro<> day() {
    co_await kitchen();
    co_await closing_time();
}

int main() {
    girin::run(day(), {.virtual_time = true});
}

// Prints:
// nobody has begun
// Ann begins tea
// Ben begins coffee
// 9 cups
// Cyd begins water
// Cyd has begun
// Dan begins soup
// Dan is sent home
