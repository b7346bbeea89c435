// Suspends a task until an attempt on a descriptor succeeds.
#pragma once

#include "aio/reactor.hpp"

#include <girin/wait_point.hpp>

#include <system_error>
#include <utility>

namespace girin::detail {

enum class io_direction : bool { read, write };

// `co_await io_wait(descriptor, attempt)`: attempt() is called when the descriptor may be readable (or writable), and
// returns whether it got what it wanted; it must try until the system call would block. Cancelling takes it back, and
// whatever else waits for the descriptor. Raises std::system_error when the descriptor is closed, or its operations
// cancelled, meanwhile.
template <class Attempt>
class [[nodiscard]] io_wait final : public wait_point, private io_op {
 public:
    io_wait(descriptor& d, Attempt attempt, io_direction direction = io_direction::read)
        : descriptor_(d), attempt_(std::move(attempt)), direction_(direction) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
        direction_ == io_direction::read ? descriptor_.start_read(*this) : descriptor_.start_write(*this);
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
    const io_direction direction_;
    std::error_code error_;
};

}  // namespace girin::detail
