// event: something has happened, and whoever waits for it may go on (asyncio.Event).
#pragma once

#include <girin/export.hpp>
#include <girin/operation.hpp>
#include <girin/ref.hpp>
#include <girin/wait_line.hpp>

#include <coroutine>
#include <utility>

namespace girin {

namespace detail {

class event_core : public counted<event_core> {
 public:
    bool set = false;
    wait_line line;
    loop_bond bond;
};

class GIRIN_EXPORT event_wait final : public waiter {
 public:
    using value_type = void;
    using start = ref<event_core>;

    explicit event_wait(ref<event_core> core) noexcept : core_(std::move(core)) {}
    ~event_wait() override;

    bool await_ready() const noexcept { return core_->set; }
    void await_suspend(std::coroutine_handle<> caller) { wait_in(core_->line, core_->bond, caller); }
    void await_resume() {
        leave();
        resumed();
    }

 private:
    ref<event_core> core_;
};

}  // namespace detail

// A flag that tasks can wait for. Copies mean the same event, which lives as long as somebody has one or waits for it.
// Not thread-safe, and a copy counts too: another thread has call_soon_threadsafe set() an event that it refers to, not
// a copy of its own. Of one loop only: a task of another loop
// that would have to wait gets a std::runtime_error.
class event {
 public:
    event() : core_(new detail::event_core) {}
    event(const event&) noexcept = default;
    event& operator=(const event&) noexcept = default;

    // Waits until the event is set; does not suspend when it is. A task that was woken by set() goes on, even if the
    // event has been cleared since. Cancelling ends the wait and touches nobody else's.
    detail::operation<detail::event_wait> wait() const noexcept { return detail::operation<detail::event_wait>(core_); }
    // Wakes all who wait, in order of arrival; they run in the next turn.
    void set() const {
        if (core_->set) return;
        core_->line.wake_all();
        core_->set = true;
    }
    // From now on wait() waits again.
    void clear() const noexcept { core_->set = false; }
    bool is_set() const noexcept { return core_->set; }

 private:
    detail::ref<detail::event_core> core_;
};

}  // namespace girin
