#include <girin/wait.hpp>

#include <stdexcept>

namespace girin::detail {

several_wait::several_wait(std::size_t size, wait_options options)
    : watched_(size), pending_(size), options_(options), alarm_(*this) {
    if (size == 0) throw std::invalid_argument("wait needs at least one future or task to wait for");
}

several_wait::~several_wait() = default;

void several_wait::await_suspend(std::coroutine_handle<> caller) {
    suspend(caller);
    if (linked()) return;  // a cancellation was pending, and ends the wait
    if (options_.timeout) alarm_.arm(time_after(*options_.timeout));
    for (watched& w : watched_) w.core().add_callback(w);
}

// Whatever ends before the task resumes is done as well.
void several_wait::on_done(future_core& core) {
    --pending_;
    const bool enough = pending_ == 0 || options_.return_when == first_completed ||
                        (options_.return_when == first_exception && core.failed());
    if (enough) wake_once();
}

void several_wait::finish_wait() {
    alarm_.disarm();
    for (watched& w : watched_) w.unlink();
    resumed();
}

}  // namespace girin::detail
