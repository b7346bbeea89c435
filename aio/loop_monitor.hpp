// What a loop notes of itself: its figures, and in debug mode who keeps it from turning.
#pragma once

#include <girin/callback_list.hpp>
#include <girin/loop_figures.hpp>
#include <girin/ref.hpp>

#include <chrono>
#include <optional>
#include <source_location>
#include <vector>

namespace girin::detail {

class loop_core;
class task_core;

class loop_monitor {
 public:
    // Debug mode is on if that says so, else if the environment has GIRIN_DEBUG=1.
    explicit loop_monitor(std::optional<bool> debug);

    bool debug;
    std::chrono::nanoseconds slow_callback_duration = std::chrono::milliseconds(100);
    loop_figures figures;

    // Runs the callback, and reports it if it is slow.
    void run_timed(loop_core& loop, callback_node& callback);

    // Debug mode: a task takes a step, which need not be one that the loop knows of: a request's first is a
    // connection's.
    void step_began(task_core& task);

    // A turn's callbacks took so long.
    void turn_took(std::chrono::nanoseconds time) noexcept {
        if (time > figures.longest_turn) figures.longest_turn = time;
    }
    // No earlier than its deadline, which may lie as far back as time goes.
    void timer_fired(std::chrono::steady_clock::time_point deadline,
                     std::chrono::steady_clock::time_point now) noexcept;

 private:
    ref<task_core> stepped_;  // the first that has taken a step since the callback began
    std::vector<std::source_location> before_step_;
};

}  // namespace girin::detail
