// A semaphore: a hundred fetches, of which at most 1, 10 or 100 run at a time.
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/semaphore.hpp>
#include <girin/sleep.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct traffic {
    int now = 0;
    int most = 0;
};

girin::coro<> fetch(girin::semaphore limit, traffic& seen) {
    auto permit = co_await limit.acquire_guard();
    seen.most = std::max(seen.most, ++seen.now);
    co_await girin::sleep(100ms);  // the answer is on its way
    --seen.now;
}

girin::coro<> fetch_all(int at_a_time) {
    traffic seen;
    girin::semaphore limit(at_a_time);
    std::vector<girin::coro<>> fetches;
    for (int i = 0; i < 100; ++i) fetches.push_back(fetch(limit, seen));

    auto begin = girin::loop::running().time();
    co_await girin::gather(std::move(fetches));
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(girin::loop::running().time() - begin);
    std::cout << "at most " << at_a_time << ": " << took.count() << " ms, " << seen.most << " at a time\n";
}

girin::coro<> tutorial() {
    for (int at_a_time : {1, 10, 100}) co_await fetch_all(at_a_time);
}

int main() {
    girin::run(tutorial(), {.virtual_time = true});  // nobody has to wait for eleven seconds
}

// Prints:
// at most 1: 10000 ms, 1 at a time
// at most 10: 1000 ms, 10 at a time
// at most 100: 100 ms, 100 at a time
