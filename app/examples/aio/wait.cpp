// First wins: three mirrors are asked, the first answer counts, and who is late is cancelled.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/wait.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

girin::coro<std::string> download(std::string mirror, std::chrono::milliseconds takes) {
    co_await girin::sleep(takes);
    co_return mirror;
}

girin::coro<std::string> from_the_fastest() {
    std::vector mirrors{girin::create_task(download("Seoul", 10s)), girin::create_task(download("Berlin", 10ms)),
                        girin::create_task(download("Lima", 10s))};
    auto race = co_await girin::wait(mirrors, {.timeout = 5s, .return_when = girin::first_completed});
    for (auto& late : race.pending) late.cancel();
    if (race.done.empty()) throw girin::timeout_error();
    co_await girin::wait(race.pending);  // until they have really ended
    std::cout << race.pending.size() << " mirrors were late\n";
    co_return co_await race.done[0];
}

girin::coro<> download_once() {
    std::cout << co_await from_the_fastest() << " was the first\n";
}

int main() {
    girin::run(download_once());
}

// Prints:
// 2 mirrors were late
// Berlin was the first
