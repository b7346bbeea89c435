#include <girin/condition.hpp>
#include <girin/exceptions.hpp>

#include <coroutine>
#include <exception>
#include <stdexcept>

namespace girin {

namespace detail {

class condition_core::notification_wait final : public waiter {
 public:
    explicit notification_wait(condition_core& core) noexcept : core_(core) {}
    ~notification_wait() override { leave(); }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) { wait_in(core_.line_, core_.bond_, caller); }
    void await_resume() {
        leave();
        resumed();
    }

 private:
    condition_core& core_;
};

// A wake-up that may have been received, and goes to the next one unless the wait ends well.
class condition_core::notification {
 public:
    explicit notification(condition_core& core) noexcept : core_(core) {}
    notification(const notification&) = delete;
    notification& operator=(const notification&) = delete;
    ~notification() {
        if (!used) core_.notify(1);
    }

    bool used = false;

 private:
    condition_core& core_;
};

coro<void> condition_core::wait(ref<condition_core> core) {
    if (!core->lock->locked) throw std::runtime_error("cannot wait without the condition's lock: acquire it first");
    core->bond_.tie();
    core->lock->unlock();
    notification received(*core);
    std::exception_ptr raised;
    try {
        co_await notification_wait(*core);
    } catch (...) {
        raised = std::current_exception();
    }
    for (bool held = false; !held;) {
        try {
            co_await lock_wait(core->lock);
            held = true;
        } catch (const cancelled_error&) {
            raised = std::current_exception();
        }
    }
    if (raised) std::rethrow_exception(raised);
    received.used = true;
}

void condition_core::notify(std::size_t n) {
    while (n-- > 0 && line_.wake_first()) {
    }
}

}  // namespace detail

void condition::notify(std::size_t n) const {
    if (!locked()) throw std::runtime_error("cannot notify without the condition's lock: acquire it first");
    core_->notify(n);
}

}  // namespace girin
