// What comes one after another, and what is made of it on the way.
#include <girin/async_generator.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/stream.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace stream = girin::stream;

// A thermometer, which reports once in a while.
girin::async_generator<int> degrees(std::vector<int> readings, std::chrono::milliseconds pause) {
    for (int reading : readings) {
        co_await girin::sleep(pause);
        co_yield reading;
    }
}

girin::coro<> fever() {
    auto of_ward = stream::merge(degrees({36, 39, 37}, 20ms), degrees({41, 38}, 25ms));
    auto alarms = stream::map(stream::filter(std::move(of_ward), [](int d) { return d > 37; }),
                              [](int d) { return std::to_string(d) + " degrees"; });
    while (auto alarm = co_await alarms.next()) std::cout << *alarm << '\n';
}

girin::coro<> averages() {
    auto pairs = stream::batched(stream::take(degrees({10, 20, 30, 40, 50, 60}, 1ms), 5), 2);
    while (auto pair = co_await pairs.next()) {
        int sum = 0;
        for (int d : *pair) sum += d;
        std::cout << "average of " << pair->size() << ": " << sum / static_cast<int>(pair->size()) << '\n';
    }
}

girin::coro<> silence() {
    auto readings = stream::timeout(1s, degrees({20, 21}, 3s));
    try {
        while (auto d = co_await readings.next()) std::cout << *d << '\n';
    } catch (const girin::timeout_error&) {
        std::cout << "the thermometer is silent\n";
    }
}

girin::coro<> hospital() {
    co_await fever();
    co_await averages();
    co_await silence();
}

int main() {
    girin::run(hospital(), {.virtual_time = true});
}

// Prints:
// 41 degrees
// 39 degrees
// 38 degrees
// average of 2: 15
// average of 2: 35
// average of 1: 50
// the thermometer is silent
