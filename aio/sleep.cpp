#include <girin/sleep.hpp>

namespace girin::detail {

void sleep_wait::await_suspend(std::coroutine_handle<> caller) {
    if (delay_ > delay_.zero()) {
        alarm_.arm(time_after(delay_));
        suspend(caller);
    } else {
        suspend(caller);
        if (!linked()) wake();
    }
}

// Like asyncio's bare yield, sleep(0) has nothing to stop: the cancellation is raised when it resumes.
bool sleep_wait::cancel(const std::string& message) {
    if (delay_ <= delay_.zero()) return false;
    alarm_.disarm();
    return accept_cancel(message);
}

}  // namespace girin::detail
