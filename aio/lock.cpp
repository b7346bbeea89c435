#include "aio/loop_core.hpp"

#include <girin/lock.hpp>

#include <stdexcept>

namespace girin::detail {

void lock_core::unlock() {
    if (!locked) throw std::runtime_error("this lock is not held: release() it once after each acquire()");
    locked = false;
    line.wake_first();
}

lock_wait::~lock_wait() {
    if (leave()) core_->line.wake_first();
}

void lock_wait::take_or_pass_on() {
    if (cancelled_meanwhile())
        core_->line.wake_first();
    else
        core_->locked = true;
}

void report_failed_release() noexcept {
    loop_core* loop = loop_core::current();
    if (!loop) return;  // such as one that is closed over a task which waits for its condition
    try {
        loop->report("a guard could not release what it holds", std::current_exception());
    } catch (...) {  // keyboard_interrupt out of the handler cannot be raised from a destructor
    }
}

}  // namespace girin::detail
