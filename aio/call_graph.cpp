#include "aio/loop_core.hpp"
#include "aio/source_text.hpp"

#include <girin/call_graph.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <unordered_set>

namespace girin {

namespace detail {

namespace {

constexpr int most_depth = 100;

std::vector<std::source_location> limited(std::vector<std::source_location> stack, call_graph_limit limit) {
    if (!limit) return stack;
    const std::size_t kept = std::min(stack.size(), static_cast<std::size_t>(std::abs(static_cast<long>(*limit))));
    if (*limit < 0)
        stack.resize(kept);
    else
        stack.erase(stack.begin(), stack.end() - static_cast<std::ptrdiff_t>(kept));
    return stack;
}

// Tasks can await each other in a ring.
call_graph capture(const future_core& of, call_graph_limit limit, std::unordered_set<const future_core*>& shown,
                   int depth = 0) {
    call_graph graph;
    graph.id = &of;
    if (const auto* task = dynamic_cast<const task_core*>(&of)) {
        graph.task_name = task->name();
        graph.call_stack = limited(task->call_stack(), limit);
    }
    if (!shown.insert(&of).second || depth == most_depth) return graph;
    of.for_each_waiter(
        [&](const future_core& waiter) { graph.awaited_by.push_back(capture(waiter, limit, shown, depth + 1)); });
    return graph;
}

std::string hexadecimal(const void* id) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", id);
    return text;
}

void format(const call_graph& graph, const std::string& indent, std::string& out) {
    out += indent + "* " + (graph.task_name ? "Task(name='" + *graph.task_name + "', id=" : "Future(id=") +
           hexadecimal(graph.id) + ")\n";
    if (!graph.call_stack.empty()) out += indent + "  + Call stack:\n";
    for (const std::source_location& frame : graph.call_stack) out += indent + "  |   " + frame_text(frame) + "\n";
    if (!graph.awaited_by.empty()) out += indent + "  + Awaited by:\n";
    for (const call_graph& waiter : graph.awaited_by) format(waiter, indent + "    ", out);
}

}  // namespace

call_graph capture(const future_core& of, call_graph_limit limit) {
    std::unordered_set<const future_core*> shown;
    return capture(of, limit, shown);
}

}  // namespace detail

std::optional<call_graph> capture_call_graph(call_graph_limit limit) {
    const detail::task_core* task = detail::loop_core::running().current_task;
    if (!task) return std::nullopt;
    return detail::capture(*task, limit);
}

std::string format_call_graph(const call_graph& graph) {
    std::string text;
    detail::format(graph, "", text);
    text.pop_back();
    return text;
}

void print_call_graph(std::FILE* to) {
    if (auto graph = capture_call_graph()) std::fputs((format_call_graph(*graph) + '\n').c_str(), to);
}

}  // namespace girin
