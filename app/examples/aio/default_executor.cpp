// The pool of to_thread: one's own, and its end.
#include <girin/default_executor.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

// Not thread-safe: it counts.
struct archive {
    int volumes = 0;
    std::string file(std::string report) { return report + " is in volume " + std::to_string(++volumes); }
};

girin::coro<> office() {
    girin::set_default_executor(
        std::make_unique<girin::thread_pool>(girin::thread_pool::options{.threads = 1, .name = "archivist"}));
    archive cellar;
    auto file = [&](std::string report) { return cellar.file(report); };
    auto [spring, summer] = co_await girin::gather(girin::to_thread(file, "spring"), girin::to_thread(file, "summer"));
    std::cout << spring << ", " << summer << '\n';
    std::cout << girin::default_executor().figures().threads << " thread\n";

    auto autumn = girin::create_task(girin::to_thread(file, "autumn"), {.eager_start = true});
    co_await girin::shutdown_default_executor();
    std::cout << co_await autumn << '\n';
    try {
        co_await girin::to_thread(file, "winter");
    } catch (const std::runtime_error& e) {
        std::cout << e.what() << '\n';
    }
}

int main() {
    girin::run(office());
}

// Prints:
// spring is in volume 1, summer is in volume 2
// 1 thread
// autumn is in volume 3
// Executor shutdown has been called
