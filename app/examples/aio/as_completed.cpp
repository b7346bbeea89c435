// Answers are dealt with as they arrive, not in the order of the questions.
#include <girin/as_completed.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

girin::coro<std::string> ask(std::string name, std::chrono::milliseconds thinks) {
    co_await girin::sleep(thinks);
    co_return name;
}

girin::coro<> survey() {
    auto all = girin::as_completed({girin::create_task(ask("Ada", 20ms)), girin::create_task(ask("Bob", 10ms)),
                                    girin::create_task(ask("Cyd", 30ms))});
    for (auto&& next : all) std::cout << co_await std::move(next) << " has answered\n";
}

girin::coro<> impatient_survey() {
    auto slow = girin::create_task(ask("Eve", 10s));
    auto all = girin::as_completed({slow, girin::create_task(ask("Dan", 10ms))}, {.timeout = 100ms});
    try {
        while (auto answered = co_await all.next()) std::cout << answered->result() << " has answered\n";
    } catch (const girin::timeout_error&) {
        std::cout << "Eve " << (slow.done() ? "has answered" : "still thinks") << '\n';
    }
    slow.cancel();
}

girin::coro<> both() {
    co_await survey();
    co_await impatient_survey();
}

int main() {
    girin::run(both());
}

// Prints:
// Bob has answered
// Ada has answered
// Cyd has answered
// Dan has answered
// Eve still thinks
