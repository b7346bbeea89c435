// lock: only one task at a time (asyncio.Lock).
#pragma once

#include <girin/export.hpp>
#include <girin/guard.hpp>
#include <girin/operation.hpp>
#include <girin/ref.hpp>
#include <girin/wait_line.hpp>

#include <coroutine>
#include <utility>

namespace girin {

namespace detail {

class GIRIN_EXPORT lock_core : public counted<lock_core> {
 public:
    bool try_acquire() noexcept {
        if (locked || !line.empty()) return false;
        locked = true;
        return true;
    }
    void unlock();

    bool locked = false;
    wait_line line;  // nobody is left in it unwoken when the lock is free and nobody has been woken
    loop_bond bond;
};

class GIRIN_EXPORT lock_wait : public waiter {
 public:
    using value_type = void;
    using start = ref<lock_core>;

    explicit lock_wait(ref<lock_core> core) noexcept : core_(std::move(core)) {}
    ~lock_wait() override;

    bool await_ready() const noexcept { return core_->try_acquire(); }
    void await_suspend(std::coroutine_handle<> caller) { wait_in(core_->line, core_->bond, caller); }
    void await_resume() {
        if (leave()) take_or_pass_on();
        resumed();
    }

 protected:
    const ref<lock_core>& core() const noexcept { return core_; }

 private:
    void take_or_pass_on();

    ref<lock_core> core_;
};

}  // namespace detail

// Handed from task to task in the order in which they asked; nobody overtakes. Not reentrant: a task that acquires it
// twice waits for itself. No task owns it: another one may release it. Copies mean the same lock, which lives as long
// as somebody has one, waits for it or holds its guard. Not thread-safe, and of one loop only: a task of another loop
// that would have to wait gets a std::runtime_error.
class lock {
 public:
    lock() : core_(new detail::lock_core) {}
    explicit lock(detail::ref<detail::lock_core> core) noexcept : core_(std::move(core)) {}
    lock(const lock&) noexcept = default;
    lock& operator=(const lock&) noexcept = default;

    // Waits until the lock is free and takes it; at once, without suspending, when nobody holds it or waits for it. A
    // task that is cancelled while it waits does not get it, and the next one is woken in its place.
    detail::operation<detail::lock_wait> acquire() const noexcept {
        return detail::operation<detail::lock_wait>(core_);
    }
    // The same, and returns what releases the lock at the end of the block: `auto held = co_await k.acquire_guard();`
    detail::operation<detail::guarded<detail::lock_wait, lock>> acquire_guard() const noexcept {
        return detail::operation<detail::guarded<detail::lock_wait, lock>>(core_);
    }
    // Wakes the task that has waited longest; until it runs, in the next turn, the lock is free, and yet nobody else
    // gets it. std::runtime_error when the lock is not held.
    void release() const { core_->unlock(); }
    bool locked() const noexcept { return core_->locked; }

    const detail::ref<detail::lock_core>& core() const noexcept { return core_; }

 private:
    detail::ref<detail::lock_core> core_;
};

}  // namespace girin
