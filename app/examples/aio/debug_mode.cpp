// Debug mode names the task that keeps all others from running, and the coroutine that nobody awaits.
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

girin::coro<> shrink_picture() {
    co_await girin::sleep(1ms);
    std::this_thread::sleep_for(150ms);  // a computation, which should be in to_thread
}

girin::coro<> send_mail() {
    co_await girin::sleep(1ms);
}

girin::coro<> serve() {
    girin::loop::running().set_exception_handler([](girin::loop&, const girin::exception_context& report) {
        std::cout << report.message.substr(0, report.message.find(" (")) << '\n';
    });
    co_await girin::create_task(shrink_picture(), {.name = "thumbnails"});
    static_cast<void>(send_mail());  // there is no co_await
}

int main() {
    girin::run(serve(), {.debug = true});
}

// Prints:
// Executing Task 'thumbnails' in shrink_picture
// coroutine 'send_mail' was never awaited
