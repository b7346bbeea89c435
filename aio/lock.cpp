#include "aio/loop_core.hpp"

#include <girin/lock.hpp>

#include <cstdio>
#include <stdexcept>

namespace girin::detail {

void lock_core::unlock() {
    if (!locked) throw std::runtime_error("this lock is not held: release() it once after each acquire()");
    line.wake_first();
    locked = false;
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
    try {
        // Without a loop it is held no more: that was closed over a task which waits for its condition.
        if (!loop) throw;
        loop->report("a guard could not release what it holds", std::current_exception());
    } catch (const wrong_thread_error& e) {
        std::fprintf(stderr, "a guard could not release what it holds: %s\n", e.what());
    } catch (...) {  // keyboard_interrupt out of the handler cannot be raised from a destructor
    }
}

}  // namespace girin::detail
