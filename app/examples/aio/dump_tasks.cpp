// What a program that seems to hang is waiting for: `kill -USR2` has it write its tasks, and go on.
#include <girin/dump_tasks.hpp>
#include <girin/event.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

girin::coro<> wait_for_stock(girin::event arrived) {
    co_await arrived.wait();
}

girin::coro<> hang(int dump) {
    girin::event arrived;
    auto order = girin::create_task(wait_for_stock(arrived), {.name = "order 17"});
    co_await girin::sleep(1ms);
    std::raise(SIGUSR2);  // an operator, in another terminal

    std::string text(4096, ' ');
    text.resize(static_cast<std::size_t>(::pread(dump, text.data(), text.size(), 0)));
    std::cout << (text.find("* Task(name='order 17')\n") != text.npos ? "order 17" : "nobody") << " waits, "
              << (text.find("in wait_for_stock\n") != text.npos ? "for stock" : "for nothing") << '\n';
    arrived.set();
    co_await order;
}

int main() {
    std::FILE* dump = std::tmpfile();
    girin::dump_tasks_on(SIGUSR2, ::fileno(dump));
    girin::run(hang(::fileno(dump)));
}

// Prints:
// order 17 waits, for stock
