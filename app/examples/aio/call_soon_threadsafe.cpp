// A loop without a main coroutine: it calls what a thread hands to it, until it is stopped.
#include <girin/loop.hpp>

#include <functional>
#include <iostream>
#include <string>
#include <thread>

void type(girin::loop& screen) {
    for (std::string word : {"hello", "world"}) screen.call_soon_threadsafe([word] { std::cout << word << '\n'; });
    screen.call_soon_threadsafe([&] { screen.stop(); });
}

int main() {
    girin::loop screen;
    std::jthread keyboard(type, std::ref(screen));
    screen.run_forever();
    std::cout << "stopped\n";
}

// Prints:
// hello
// world
// stopped
