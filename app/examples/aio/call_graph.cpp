// A task's call graph: where each of its coroutines waits, and who awaits the task.
#include <girin/call_graph.hpp>
#include <girin/future.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

girin::coro<> fetch(girin::future<> answer) {
    co_await answer;
}

girin::coro<> checkout(girin::future<> answer) {
    co_await girin::sleep(1ms);
    co_await fetch(answer);
}

girin::coro<> wait_for_it(girin::task<> awaited) {
    co_await awaited;
}

girin::coro<> look() {
    auto answer = girin::create_future();
    auto order = girin::create_task(checkout(answer), {.name = "order"});
    auto customer = girin::create_task(wait_for_it(order), {.name = "customer"});
    co_await girin::sleep(5ms);

    girin::call_graph graph = girin::capture_call_graph(order);
    std::cout << *graph.task_name << " waits";
    for (const auto& frame : graph.call_stack) std::cout << " in line " << frame.line();
    for (const auto& waiter : graph.awaited_by) std::cout << ", and " << *waiter.task_name << " waits for it";
    std::cout << '\n';
    girin::print_call_graph(order);

    answer.set_result();
    co_await customer;
}

int main() {
    girin::run(look());
}

// Prints:
// order waits in line 14 in line 19, and customer waits for it
// * Task(name='order', id=0x...)
//   + Call stack:
//   |   File 'call_graph.cpp', line 14, in async fetch()
//   |   File 'call_graph.cpp', line 19, in async checkout()
//   + Awaited by:
//     * Task(name='customer', id=0x...)
//       + Call stack:
//       |   File 'call_graph.cpp', line 23, in async wait_for_it()
