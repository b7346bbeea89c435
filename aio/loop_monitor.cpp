#include "aio/loop_monitor.hpp"

#include "aio/loop_core.hpp"
#include "aio/source_text.hpp"

#include <girin/task.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace girin::detail {

namespace {

bool environment_says_debug() {
    const char* value = std::getenv("GIRIN_DEBUG");
    return value && std::string_view(value) == "1";
}

// With the coroutine that stands innermost: that is where a task has come to, or if it has ended, where it went on
// from.
std::string describe(const task_core& task, const std::vector<std::source_location>& before) {
    const std::vector<std::source_location> stack = task.done() ? before : task.call_stack();
    return "Task '" + task.name() + "'" + (stack.empty() ? "" : " " + place_text(stack.front()));
}

}  // namespace

loop_monitor::loop_monitor(std::optional<bool> d) : debug(d ? *d : environment_says_debug()) {}

void loop_monitor::step_began(task_core& task) {
    if (stepped_) return;
    stepped_ = ref(&task);
    before_step_ = task.call_stack();
}

void loop_monitor::run_timed(loop_core& loop, callback_node& callback) {
    using clock = std::chrono::steady_clock;
    const std::source_location where = callback.where();
    stepped_ = {};  // of a callback that was not timed, or did not return
    const auto began = clock::now();
    callback.run();
    const std::chrono::nanoseconds took = clock::now() - began;
    const ref<task_core> task = std::exchange(stepped_, {});
    const std::vector<std::source_location> before = std::exchange(before_step_, {});

    if (took < slow_callback_duration && took <= figures.slowest_callback) return;
    std::string name = "callback";
    if (task)
        name = describe(*task, before);
    else if (where.line() != 0)
        name += " scheduled " + place_text(where);
    if (took >= slow_callback_duration) {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%.3f", std::chrono::duration<double>(took).count());
        loop.report("Executing " + name + " took " + seconds + " seconds", nullptr);
    }
    if (took <= figures.slowest_callback) return;
    figures.slowest_callback = took;
    figures.slowest_callback_name = std::move(name);
}

void loop_monitor::timer_fired(std::chrono::steady_clock::time_point deadline,
                               std::chrono::steady_clock::time_point now) noexcept {
    const auto late = static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                      static_cast<std::uint64_t>(deadline.time_since_epoch().count());
    const std::uint64_t microseconds = late / 1000;
    ++figures.lag[std::min<std::size_t>(std::bit_width(microseconds), figures.lag.size() - 1)];
}

}  // namespace girin::detail
