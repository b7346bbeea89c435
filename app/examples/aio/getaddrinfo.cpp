// Addresses of hosts are looked up while the loop goes on.
#include <girin/gather.hpp>
#include <girin/getaddrinfo.hpp>
#include <girin/runner.hpp>

#include <iostream>
#include <string>
#include <system_error>

using girin::address_family;

girin::coro<std::string> first_address(std::string host, girin::lookup_options options = {}) {
    try {
        auto addresses = co_await girin::getaddrinfo(host, 80, options);
        co_return to_string(addresses.front());
    } catch (const std::system_error& e) {
        if (e.code().category() != girin::gai_category()) throw;
        co_return "no address";
    }
}

girin::coro<> look_up() {
    auto [name, number, wrong, everywhere] =
        co_await girin::gather(first_address("localhost", {.family = address_family::ipv4}), first_address("::1"),
                               first_address("::1", {.family = address_family::ipv4}),
                               first_address("", {.family = address_family::ipv4, .passive = true}));
    std::cout << "localhost: " << name << '\n';
    std::cout << "::1: " << number << '\n';
    std::cout << "::1 over IPv4: " << wrong << '\n';
    std::cout << "every interface: " << everywhere << '\n';
}

int main() {
    girin::run(look_up());
}

// Prints:
// localhost: 127.0.0.1:80
// ::1: [::1]:80
// ::1 over IPv4: no address
// every interface: 0.0.0.0:80
