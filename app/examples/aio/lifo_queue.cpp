// A lifo_queue: what was put last is got first.
#include <girin/lifo_queue.hpp>
#include <girin/runner.hpp>

#include <iostream>
#include <string>

girin::coro<> undo_everything() {
    girin::lifo_queue<std::string> done;
    for (const char* what : {"typed", "erased", "pasted"}) co_await done.put(what);
    while (!done.empty()) {
        auto last = co_await done.get();
        std::cout << "undo: " << last << '\n';
    }
}

int main() {
    girin::run(undo_everything());
}

// Prints:
// undo: pasted
// undo: erased
// undo: typed
