// semaphore: at most so many tasks at a time (asyncio.Semaphore).
#pragma once

#include <girin/export.hpp>
#include <girin/guard.hpp>
#include <girin/operation.hpp>
#include <girin/ref.hpp>
#include <girin/wait_line.hpp>

#include <coroutine>
#include <cstddef>
#include <limits>
#include <utility>

namespace girin {

namespace detail {

class GIRIN_EXPORT semaphore_core : public counted<semaphore_core> {
 public:
    // Throws std::invalid_argument when the value is negative.
    semaphore_core(std::ptrdiff_t initial, bool bounded);

    bool locked() const noexcept { return value_ == 0 || !line_.empty(); }
    bool try_acquire() noexcept {
        if (locked()) return false;
        --value_;
        return true;
    }
    void give_back();

 private:
    friend class semaphore_wait;
    void hand_over_permits();

    std::ptrdiff_t value_;  // permits that nobody has, nor has been woken for
    std::ptrdiff_t bound_ = std::numeric_limits<std::ptrdiff_t>::max();
    wait_line line_;
    loop_bond bond_;
};

class GIRIN_EXPORT semaphore_wait : public waiter {
 public:
    using value_type = void;
    using start = ref<semaphore_core>;

    explicit semaphore_wait(ref<semaphore_core> core) noexcept : core_(std::move(core)) {}
    ~semaphore_wait() override;

    bool await_ready() const noexcept { return core_->try_acquire(); }
    void await_suspend(std::coroutine_handle<> caller) { wait_in(core_->line_, core_->bond_, caller); }
    void await_resume() {
        const bool served = leave();
        if (served || cancelled_meanwhile()) finish_wait(served);
        resumed();
    }

 protected:
    const ref<semaphore_core>& core() const noexcept { return core_; }

 private:
    void finish_wait(bool served);

    ref<semaphore_core> core_;
};

}  // namespace detail

// A number of permits, handed out in the order in which tasks asked; nobody overtakes. Copies mean the same semaphore,
// which lives as long as somebody has one, waits for it or holds its guard. Not thread-safe, and of one loop only: a
// task of another loop that would have to wait gets a std::runtime_error.
class semaphore {
 public:
    // So many permits. std::invalid_argument when it is negative.
    explicit semaphore(std::ptrdiff_t value = 1) : semaphore(value, false) {}
    explicit semaphore(detail::ref<detail::semaphore_core> core) noexcept : core_(std::move(core)) {}
    semaphore(const semaphore&) noexcept = default;
    semaphore& operator=(const semaphore&) noexcept = default;

    // Waits for a permit and takes it; at once, without suspending, when there is one and nobody waits. A task that is
    // cancelled while it waits takes none, and one that it was given in that very turn goes to the next.
    detail::operation<detail::semaphore_wait> acquire() const noexcept {
        return detail::operation<detail::semaphore_wait>(core_);
    }
    // The same, and returns what gives the permit back at the end of the block:
    // `auto permit = co_await limit.acquire_guard();`
    detail::operation<detail::guarded<detail::semaphore_wait, semaphore>> acquire_guard() const noexcept {
        return detail::operation<detail::guarded<detail::semaphore_wait, semaphore>>(core_);
    }
    // Gives one permit back, or adds one; the task that has waited longest has it at once, and runs in the next turn.
    // std::invalid_argument when a bounded_semaphore would get more than it began with.
    void release() const { core_->give_back(); }
    // Whether acquire() would have to wait.
    bool locked() const noexcept { return core_->locked(); }

 protected:
    semaphore(std::ptrdiff_t value, bool bounded) : core_(new detail::semaphore_core(value, bounded)) {}

 private:
    detail::ref<detail::semaphore_core> core_;
};

}  // namespace girin
