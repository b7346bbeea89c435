// One armed deadline of a loop: an entry of its timer heap that becomes a callback when it is due.
#pragma once

#include <girin/wait_point.hpp>

#include <chrono>
#include <cstddef>

namespace girin::detail {

class timer_heap;

using time_point = std::chrono::steady_clock::time_point;

// The running loop's clock in so long; the end of time if that is beyond it.
GIRIN_EXPORT time_point time_after(std::chrono::nanoseconds delay);

class GIRIN_EXPORT timer_node : public callback_node {
 public:
    ~timer_node() override { disarm(); }

    // Arms, or moves, the deadline in the running loop. run() follows in the turn in which the loop's clock has reached
    // it.
    void arm(time_point when);
    // Takes back the deadline, also when it is due and its callback only queued.
    void disarm() noexcept {
        if (heap_) leave_heap();
        unlink();
    }
    bool armed() const noexcept { return heap_ != nullptr; }
    time_point when() const noexcept { return when_; }

 private:
    friend class timer_heap;
    void leave_heap() noexcept;

    timer_heap* heap_ = nullptr;
    std::size_t index_ = 0;
    time_point when_{};
};

}  // namespace girin::detail
