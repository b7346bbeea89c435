// Call graphs: which coroutines a task consists of, where each of them waits, and who awaits the task (asyncio's
// introspection of Python 3.14).
#pragma once

#include <girin/export.hpp>
#include <girin/future.hpp>
#include <girin/task.hpp>

#include <cstdio>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

namespace girin {

// asyncio.FutureCallGraph.
struct call_graph {
    const void* id = nullptr;
    std::optional<std::string> task_name;          // nothing: a future that is no task
    std::vector<std::source_location> call_stack;  // innermost first
    // Each waiter, with its own. One that is shown already has no more, nor has the hundredth waiter in a row.
    std::vector<call_graph> awaited_by;
};

// Of the stack, `limit` > 0 keeps so many outermost frames, those next to the task's start, < 0 so many innermost ones,
// and 0 none.
using call_graph_limit = std::optional<int>;

namespace detail {
GIRIN_EXPORT call_graph capture(const future_core& of, call_graph_limit limit);
}

// Of a future or task of the running loop. A task that has failed has the coroutines that its exception has left.
template <class T>
call_graph capture_call_graph(const future<T>& of, call_graph_limit limit = std::nullopt) {
    return detail::capture(*of.core(), limit);
}
inline call_graph capture_call_graph(const any_task& of, call_graph_limit limit = std::nullopt) {
    return detail::capture(*of.core(), limit);
}
// Of the current task; nothing in a callback. Throws std::runtime_error without a running loop.
GIRIN_EXPORT std::optional<call_graph> capture_call_graph(call_graph_limit limit = std::nullopt);

// As asyncio prints it:
//
//     * Task(name='Task-1', id=0x5581)
//       + Call stack:
//       |   File 'shop.cpp', line 12, in price
//       + Awaited by:
//         * Task(name='Task-2', id=0x55a0)
GIRIN_EXPORT std::string format_call_graph(const call_graph& graph);

// Nothing is printed in a callback.
GIRIN_EXPORT void print_call_graph(std::FILE* to = stdout);
template <class Future>
void print_call_graph(const Future& of, std::FILE* to = stdout) {
    std::fputs((format_call_graph(capture_call_graph(of)) + '\n').c_str(), to);
}

}  // namespace girin
