#include <girin/as_completed.hpp>
#include <girin/exceptions.hpp>

#include <utility>

namespace girin::detail {

as_completed_core::as_completed_core(std::size_t size, as_completed_options options)
    : watched_(size), pending_(size), left_(size), alarm_(*this) {
    if (size > 0 && options.timeout) alarm_.arm(time_after(*options.timeout));
}

as_completed_core::~as_completed_core() = default;

void as_completed_core::on_done(watched& w) {
    *last_ = &w;
    last_ = &w.next;
    if (--pending_ == 0) alarm_.disarm();
    line_.wake_first();
}

void as_completed_core::on_timeout() {
    for (watched& w : watched_) w.unlink();
    timed_out_ = std::exchange(pending_, 0);
    for (std::size_t i = 0; i < timed_out_; ++i) line_.wake_first();
}

std::size_t as_completed_core::take() {
    if (!first_) {
        --timed_out_;
        throw timeout_error();
    }
    watched* taken = std::exchange(first_, first_->next);
    if (!first_) last_ = &first_;
    return static_cast<std::size_t>(taken - watched_.begin());
}

completion_wait::~completion_wait() {
    if (leave()) pass_on();
    if (asked_) core_->ask_not();
}

void completion_wait::run() {
    if (available() || cancellation_pending())
        waiter::run();
    else
        wait_again();
}

std::size_t completion_wait::take() {
    if (leave() && cancelled_meanwhile()) pass_on();
    resumed();
    asked_ = false;
    return core_->take();
}

void completion_wait::pass_on() {
    if (available()) core_->line_.wake_first();
}

}  // namespace girin::detail
