#include "aio/loop_core.hpp"

#include <girin/concurrent_future.hpp>

#include <cstdio>
#include <stdexcept>

namespace girin::detail {

namespace {

constexpr auto without_end = std::chrono::hours(24 * 365);  // for the standard library's clocks

void call(std::function<void()>& callback) noexcept {
    try {
        callback();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "Exception in a concurrent_future's callback: %s\n", e.what());
    } catch (...) {
        std::fprintf(stderr, "Exception in a concurrent_future's callback: not a std::exception\n");
    }
}

}  // namespace

bool concurrent_core::done() const {
    std::lock_guard lock(mutex_);
    return is_done();
}

bool concurrent_core::cancelled() const {
    std::lock_guard lock(mutex_);
    return state_ == state::cancelled;
}

bool concurrent_core::running() const {
    std::lock_guard lock(mutex_);
    return state_ == state::running;
}

// Callbacks run without the lock: they may use the future, and whoever awaits it need not wait for them.
void concurrent_core::settle(std::unique_lock<std::mutex> lock, state s) {
    state_ = s;
    std::vector<std::function<void()>> callbacks = std::exchange(callbacks_, {});
    settled_.notify_all();
    lock.unlock();
    for (auto& callback : callbacks) call(callback);
}

bool concurrent_core::cancel() {
    std::unique_lock lock(mutex_);
    if (state_ == state::pending)
        settle(std::move(lock), state::cancelled);
    else
        return state_ == state::cancelled;
    return true;
}

bool concurrent_core::set_running_or_notify_cancel() {
    std::lock_guard lock(mutex_);
    if (state_ == state::cancelled) return false;
    if (state_ != state::pending) throw invalid_state_error("the future runs already, or is done");
    state_ = state::running;
    return true;
}

void concurrent_core::finish(const std::function<void()>& emplace, std::exception_ptr raised) {
    if (!emplace && !raised) throw std::invalid_argument("a future's exception must not be null");
    std::unique_lock lock(mutex_);
    if (is_done()) throw invalid_state_error("the future is already done: ask done() before you complete it");
    if (emplace) emplace();
    exception_ = std::move(raised);
    settle(std::move(lock), state::finished);
}

std::exception_ptr concurrent_core::wait(std::optional<std::chrono::nanoseconds> timeout) {
    std::unique_lock lock(mutex_);
    auto settled = [this] { return is_done(); };
    bool may_block = !timeout || *timeout > timeout->zero();
    if (!settled() && may_block) {
        if (loop_core::current())
            throw std::runtime_error("waiting for a concurrent_future would block the loop: await wrap_future of it");
        if (timeout && *timeout < without_end)
            settled_.wait_for(lock, *timeout, settled);
        else
            settled_.wait(lock, settled);
    }
    if (!settled()) throw timeout_error();
    if (state_ == state::cancelled) throw cancelled_error();
    return exception_;
}

void concurrent_core::add_callback(std::function<void()> callback) {
    {
        std::lock_guard lock(mutex_);
        if (!is_done()) {
            callbacks_.push_back(std::move(callback));
            return;
        }
    }
    call(callback);
}

}  // namespace girin::detail
