// Clean-up that awaits: of one thing, and of as many as there turn out to be.
#include <girin/async_exit_stack.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/try_finally.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct connection {
    std::string to;

    girin::coro<std::string> aenter() {
        co_await girin::sleep(10ms);
        if (to == "db3") throw std::runtime_error(to + " does not answer");
        std::cout << "connected to " << to << '\n';
        co_return to;
    }
    girin::coro<bool> aexit(std::exception_ptr raised) {
        co_await girin::sleep(10ms);
        std::cout << (raised ? "rolled back " : "committed ") << to << '\n';
        co_return false;
    }
};

girin::coro<> copy_to(std::vector<std::string> names) {
    co_await girin::async_exit_stack::run([&](girin::async_exit_stack& stack) -> girin::coro<> {
        for (const auto& name : names) co_await stack.enter_async_context(connection{name});
        stack.push_async_callback([] { std::cout << "all are written\n"; });
    });
}

girin::coro<> report(std::vector<std::string> names) {
    auto body = [&]() -> girin::coro<> { co_await copy_to(names); };
    auto cleanup = []() -> girin::coro<> {
        co_await girin::sleep(1ms);
        std::cout << "the report is closed\n";
    };
    co_await girin::try_finally(body, cleanup);
}

girin::coro<> night() {
    std::vector<std::string> names{"db1", "db2"};
    co_await copy_to(names);
    names.push_back("db3");
    try {
        co_await report(names);
    } catch (const std::runtime_error& e) {
        std::cout << e.what() << '\n';
    }
}

int main() {
    girin::run(night(), {.virtual_time = true});
}

// Prints:
// connected to db1
// connected to db2
// all are written
// committed db2
// committed db1
// connected to db1
// connected to db2
// rolled back db2
// rolled back db1
// the report is closed
// db3 does not answer
