// Cancellation: it is raised where a task waits, lets it clean up, awaiting if need be, and goes on to whoever awaits
// it.
#include <girin/exceptions.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/try_finally.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> upload() {
    auto body = []() -> girin::coro<> {
        std::cout << "uploading\n";
        co_await girin::sleep(1h);
    };
    auto cleanup = []() -> girin::coro<> {
        co_await girin::sleep(10ms);
        std::cout << "the half of it is deleted\n";
    };
    co_await girin::try_finally(body, cleanup);
}

girin::coro<> log_and_pass_on() {
    try {
        co_await upload();
    } catch (const girin::cancelled_error& e) {
        std::cout << "cancelled: " << e.message() << '\n';
        throw;  // or the task would not count as cancelled
    }
}

girin::coro<> editor() {
    auto uploading = girin::create_task(log_and_pass_on());
    co_await girin::sleep(1s);
    uploading.cancel("the user has changed his mind");
    try {
        co_await uploading;
    } catch (const girin::cancelled_error&) {
        std::cout << std::boolalpha << uploading.cancelled() << '\n';
    }
}

int main() {
    girin::run(editor(), {.virtual_time = true});
}

// Prints:
// uploading
// the half of it is deleted
// cancelled: the user has changed his mind
// true
