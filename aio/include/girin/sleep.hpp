// sleep: suspends the task for a while (asyncio.sleep).
#pragma once

#include <girin/coro.hpp>
#include <girin/operation.hpp>
#include <girin/timer_node.hpp>
#include <girin/wait_point.hpp>

#include <chrono>
#include <coroutine>
#include <string>
#include <utility>

namespace girin {

namespace detail {

class GIRIN_EXPORT sleep_wait : public wait_point {
 public:
    using value_type = void;
    using start = std::chrono::nanoseconds;

    explicit sleep_wait(start delay) : delay_(delay), alarm_(*this) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller);
    void await_resume() { resumed(); }
    bool cancel(const std::string& message) override;

 private:
    struct alarm final : timer_node {
        explicit alarm(sleep_wait& s) : sleeper(s) {}
        void run() override { sleeper.wake(); }
        sleep_wait& sleeper;
    };

    std::chrono::nanoseconds delay_;
    alarm alarm_;
};

}  // namespace detail

// Returns when the loop's clock has advanced by `delay`, never before. A delay of zero or less suspends for exactly one
// turn. Cancelling takes the timer back. The time begins when it is awaited, or as a task takes its first step:
// `gather(sleep(1s), sleep(2s))`.
[[nodiscard]] inline detail::operation<detail::sleep_wait> sleep(std::chrono::nanoseconds delay) {
    return detail::operation<detail::sleep_wait>(delay);
}

// The same, and returns the result.
template <class T>
coro<T> sleep(std::chrono::nanoseconds delay, T result) {
    co_await sleep(delay);
    co_return std::move(result);
}

}  // namespace girin
