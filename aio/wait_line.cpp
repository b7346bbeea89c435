#include "aio/loop_core.hpp"

#include <girin/wait_line.hpp>

#include <stdexcept>

namespace girin::detail {

void loop_bond::tie() {
    const std::uint64_t running = loop_core::running().number;
    if (loop_ == 0) loop_ = running;
    if (loop_ != running)
        throw std::runtime_error(
            "tasks of another event loop have waited here: a lock, event, condition, semaphore, barrier or queue "
            "belongs to one loop, so make one for each");
}

waiter::~waiter() = default;

void waiter::wait_in(wait_line& line, loop_bond& bond, std::coroutine_handle<> caller) {
    bond.tie();
    suspend(caller);
    if (linked()) return;  // a cancellation was pending, and ends the wait
    line_ = &line;
    place_ = place::waiting;
    line.waiting_.push_back(*this);
}

void waiter::wait_again() noexcept {
    leave();
    place_ = place::waiting;
    line_->waiting_.push_back(*this);
}

bool waiter::cancel(const std::string& message) {
    if (place_ == place::woken) return false;
    if (place_ == place::waiting) {
        place_ = place::outside;
        unlink();
    }
    return accept_cancel(message);
}

void wait_line::require_fronts_thread() const {
    static_cast<const waiter&>(waiting_.front()).require_own_thread();
}

bool wait_line::wake_front() {
    auto& first = static_cast<waiter&>(waiting_.front());
    first.require_own_thread();
    first.unlink();
    first.place_ = waiter::place::woken;
    ++woken_;
    first.wake();
    return true;
}

}  // namespace girin::detail
