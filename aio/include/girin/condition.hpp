// condition: a lock, and waiting for a change of what it protects (asyncio.Condition).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/lock.hpp>
#include <girin/ref.hpp>
#include <girin/wait_line.hpp>

#include <cstddef>
#include <limits>
#include <utility>

namespace girin {

namespace detail {

class GIRIN_EXPORT condition_core : public counted<condition_core> {
 public:
    explicit condition_core(ref<lock_core> l) noexcept : lock(std::move(l)) {}

    static coro<void> wait(ref<condition_core> core);
    void notify(std::size_t n);

    const ref<lock_core> lock;

 private:
    class notification_wait;
    class notification;

    wait_line line_;
    loop_bond bond_;
};

template <class Predicate>
auto wait_until(ref<condition_core> core, Predicate predicate) -> coro<decltype(predicate())> {
    for (;;) {
        decltype(auto) result = predicate();
        if (result) co_return std::forward<decltype(result)>(result);
        co_await condition_core::wait(core);
    }
}

}  // namespace detail

// Tasks that hold its lock can wait until another one, which holds it too, has changed something and says so. Copies
// mean the same condition, which lives as long as somebody has one or waits for it. Not thread-safe, and of one loop
// only: a task of another loop that would have to wait gets a std::runtime_error.
class GIRIN_EXPORT condition {
 public:
    // With a lock of its own.
    condition() : condition(lock()) {}
    // With a lock that others may use too.
    explicit condition(const lock& shared) : core_(new detail::condition_core(shared.core())) {}
    condition(const condition&) noexcept = default;
    condition& operator=(const condition&) noexcept = default;

    // Those of its lock.
    detail::operation<detail::lock_wait> acquire() const { return its_lock().acquire(); }
    detail::operation<detail::guarded<detail::lock_wait, lock>> acquire_guard() const {
        return its_lock().acquire_guard();
    }
    void release() const { core_->lock->unlock(); }
    bool locked() const noexcept { return core_->lock->locked; }

    // Releases the lock, waits until it is notified, and takes the lock again. May return without cause, so look again,
    // or use wait_for. std::runtime_error when the lock is not held. When it is cancelled it takes the lock again all
    // the same, however long that lasts and however often it is cancelled meanwhile, and raises the last cancellation;
    // a notification that it had got goes to the next one.
    GIRIN_CORO_WRAPPER coro<void> wait() const { return detail::condition_core::wait(core_); }
    // Waits until the predicate, which is called while the lock is held, returns what counts as true, and returns that.
    // Does not wait when it is true already.
    template <class Predicate>
    GIRIN_CORO_WRAPPER auto wait_for(Predicate predicate) const {
        return detail::wait_until(core_, std::move(predicate));
    }
    // Wakes at most n of those who wait, longest first; they go on one after another, as the lock gets free. Lost when
    // nobody waits. std::runtime_error when the lock is not held.
    void notify(std::size_t n = 1) const;
    void notify_all() const { notify(std::numeric_limits<std::size_t>::max()); }

 private:
    lock its_lock() const noexcept { return lock(core_->lock); }

    detail::ref<detail::condition_core> core_;
};

}  // namespace girin
