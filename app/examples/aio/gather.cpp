// Three sleeps at once: the program lasts as long as the longest, and the results come in the order of the arguments.
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

girin::coro<std::string> fetch(std::string page, std::chrono::milliseconds takes) {
    co_await girin::sleep(takes);
    if (page == "/admin") throw std::runtime_error("forbidden");
    std::cout << page << " is here\n";
    co_return page;
}

girin::coro<> three_pages() {
    auto pages = co_await girin::gather(fetch("/a", 30ms), fetch("/b", 10ms), fetch("/c", 20ms));
    std::cout << std::get<0>(pages) << ' ' << std::get<1>(pages) << ' ' << std::get<2>(pages) << '\n';

    auto ends = co_await girin::gather(girin::return_exceptions, fetch("/d", 10ms), fetch("/admin", 20ms));
    std::cout << std::get<0>(ends).value() << ' ' << (std::get<1>(ends).has_value() ? "is open" : "is closed") << '\n';
}

int main() {
    girin::run(three_pages());
}

// Prints:
// /b is here
// /c is here
// /a is here
// /a /b /c
// /d is here
// /d is closed
