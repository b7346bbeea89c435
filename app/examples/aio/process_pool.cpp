// Functions that may crash run in processes of this program, and not in this one.
#include <girin/process_pool.hpp>
#include <girin/runner.hpp>
#include <girin/timeout.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// A decoder as one does not write it: it does not survive every picture.
std::vector<int> decode(std::string_view picture) {
    if (picture == "broken") throw std::invalid_argument("not a picture");
    if (picture == "malicious") std::abort();
    while (picture == "endless") std::this_thread::sleep_for(1s);
    return {picture.begin(), picture.end()};
}

girin::coro<> show(girin::process_pool& pool, std::string picture) {
    try {
        auto pixels = co_await girin::wait_for(pool.run<decode>(picture), 2s);
        std::cout << picture << " has " << pixels.size() << " pixels\n";
    } catch (const girin::remote_exception& e) {
        std::cout << picture << ": " << e.type() << ": " << e.what() << '\n';
    } catch (const girin::process_died& e) {
        std::cout << picture << ": " << e.what() << '\n';
    } catch (const girin::timeout_error&) {
        std::cout << picture << ": gave up\n";  // and the process is gone
    }
}

girin::coro<> gallery() {
    girin::process_pool pool({.processes = 1});
    for (std::string picture : {"small", "broken", "malicious", "endless", "a larger one"})
        co_await show(pool, picture);
    std::cout << pool.figures().started << " processes, " << pool.figures().died << " crash\n";
}

int main() {
    girin::run(gallery());
}

// Prints:
// small has 5 pixels
// broken: std::invalid_argument: not a picture
// malicious: the process that ran decode was killed by SIGABRT (Aborted)
// endless: gave up
// a larger one has 12 pixels
// 3 processes, 1 crash
