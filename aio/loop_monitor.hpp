// What a loop notes of itself: its figures, and in debug mode who keeps it from turning.
#pragma once

#include <girin/callback_list.hpp>
#include <girin/loop_figures.hpp>

#include <chrono>
#include <optional>

namespace girin::detail {

class loop_core;

class loop_monitor {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    // Debug mode is on if that says so, else if the environment has GIRIN_DEBUG=1.
    explicit loop_monitor(std::optional<bool> debug);

    bool debug;
    std::chrono::nanoseconds slow_callback_duration = std::chrono::milliseconds(100);
    loop_figures figures;

    // Runs the callback, and reports it if it is slow.
    void run_timed(loop_core& loop, callback_node& callback);

    // The clock was read. Callbacks have run since it was before, unless the loop has waited.
    void looked_at_clock(time_point now, bool waited) noexcept {
        if (!waited && last_look_ != time_point() && now - last_look_ > figures.longest_turn)
            figures.longest_turn = now - last_look_;
        last_look_ = now;
    }
    void skipped_clock() noexcept { last_look_ = {}; }
    void timer_fired(std::chrono::nanoseconds late) noexcept;

 private:
    time_point last_look_{};
};

}  // namespace girin::detail
