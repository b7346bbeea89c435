// Suspends a task until an attempt on a descriptor succeeds.
#pragma once

#include "aio/reactor.hpp"

#include <girin/wait_point.hpp>

#include <system_error>
#include <utility>

namespace girin::detail {

// `co_await io_wait(descriptor, attempt)`: attempt() is called when the descriptor may be readable, and returns whether
// it got what it wanted; it must try until the system call would block. Cancelling takes it back. Raises
// std::system_error when the descriptor is closed, or its operations cancelled, meanwhile.
template <class Attempt>
class [[nodiscard]] io_wait final : public wait_point, private io_op {
 public:
    io_wait(descriptor& d, Attempt attempt) : descriptor_(d), attempt_(std::move(attempt)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
        descriptor_.start_read(*this);
        suspend(caller);
    }
    void await_resume() {
        resumed();
        if (error_) throw std::system_error(error_, "waiting for a descriptor");
    }
    // The reactor gives the operation back first, and the task is woken then.
    bool cancel(const std::string&) override {
        descriptor_.cancel();
        return false;
    }

 private:
    io_attempt attempt() noexcept override { return attempt_() ? io_attempt::done : io_attempt::again; }
    void complete(std::error_code error) override {
        error_ = error;
        wake();
    }

    descriptor& descriptor_;
    Attempt attempt_;
    std::error_code error_;
};

}  // namespace girin::detail
