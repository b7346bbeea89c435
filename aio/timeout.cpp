#include <girin/timeout.hpp>

#include <stdexcept>

namespace girin {

void timeout_scope::enter() {
    if (state_ != state::created) throw std::runtime_error("a timeout_scope can be run once");
    task_ = current_task();
    if (!task_) throw std::runtime_error("a timeout can only be used inside a task");
    state_ = state::entered;
    cancelling_ = task_.cancelling();
    if (when_) alarm_.arm(*when_);
}

void timeout_scope::reschedule(std::optional<time_point> when) {
    if (state_ != state::entered) throw std::runtime_error("cannot change the deadline of a timeout that does not run");
    when_ = when;
    alarm_.disarm();
    if (when) alarm_.arm(*when);
}

void timeout_scope::expire() {
    state_ = state::expiring;
    task_.cancel();
}

bool timeout_scope::leave() noexcept {
    alarm_.disarm();
    if (state_ == state::entered) {
        state_ = state::exited;
        return false;
    }
    if (state_ != state::expiring) return false;
    state_ = state::expired;
    return task_.uncancel() <= cancelling_;
}

}  // namespace girin
