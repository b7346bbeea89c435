#include "aio/loop_core.hpp"

#include <girin/timeout.hpp>

#include <stdexcept>

namespace girin {

void timeout_scope::enter() {
    if (state_ != state::created) throw std::runtime_error("a timeout_scope can be run once");
    task_ = current_task();
    if (!task_) throw std::runtime_error("a timeout can only be used inside a task");
    state_ = state::entered;
    cancelling_ = task_.cancelling();
    set_alarm();
}

void timeout_scope::reschedule(std::optional<time_point> when) {
    if (state_ != state::entered) throw std::runtime_error("cannot change the deadline of a timeout that does not run");
    when_ = when;
    set_alarm();
}

// A deadline that has passed interrupts the next suspension, even one of a single turn: it is queued before that is.
void timeout_scope::set_alarm() {
    alarm_.disarm();
    if (!when_) return;
    detail::loop_core& loop = detail::loop_core::running();
    if (*when_ <= loop.time())
        loop.ready.push_back(alarm_);
    else
        alarm_.arm(*when_);
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
