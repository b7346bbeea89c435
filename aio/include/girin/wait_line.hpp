// Tasks that wait for the same thing, first come, first woken: what locks, events and queues are made of. Intrusive: a
// place in the line is part of the frame of the coroutine that waits.
#pragma once

#include <girin/callback_list.hpp>
#include <girin/export.hpp>
#include <girin/wait_point.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string>

namespace girin::detail {

class wait_line;

// Ties what tasks share to the first loop in which one of them had to wait (asyncio's _LoopBoundMixin).
class GIRIN_EXPORT loop_bond {
 public:
    // std::runtime_error when it is tied to another loop than the running one, or none runs.
    void tie();

 private:
    std::uint64_t loop_ = 0;
};

// One task's wait in a line.
class GIRIN_EXPORT waiter : public wait_point {
 public:
    // One that has been woken resumes with what it was woken for, or passes it on: asyncio's done future.
    bool cancel(const std::string& message) override;

 protected:
    waiter() = default;
    ~waiter() override;

    // Suspends the current task, at the end of the line.
    void wait_in(wait_line& line, loop_bond& bond, std::coroutine_handle<> caller);
    // The same for one that was woken in vain and has not been resumed.
    void wait_again() noexcept;
    // Leaves the line, for good. Whether it had been woken, and now has to do, or pass on, what it was woken for. To be
    // called when the task resumes, and in the destructor: a frame is destroyed in mid-wait when its loop is closed, or
    // when it is that of a generator which somebody else drops.
    bool leave() noexcept;

 private:
    friend class wait_line;
    enum class place : unsigned char { outside, waiting, woken };

    wait_line* line_ = nullptr;
    place place_ = place::outside;
};

class GIRIN_EXPORT wait_line {
 public:
    // Whether nobody waits, and nobody has been woken who has not resumed.
    bool empty() const noexcept { return waiting_.empty() && woken_ == 0; }
    // Wakes the first of those that have not been woken; its task runs in the next turn. False when there is none.
    bool wake_first() { return !waiting_.empty() && wake_front(); }
    // In debug mode, that those who wait may be woken in this thread: std::runtime_error, before anything has changed.
    void require_own_thread() const {
        if (!waiting_.empty()) require_fronts_thread();
    }
    void wake_all() {
        while (wake_first()) {
        }
    }

 private:
    friend class waiter;
    bool wake_front();
    void require_fronts_thread() const;

    callback_list waiting_;
    std::size_t woken_ = 0;
};

inline bool waiter::leave() noexcept {
    if (place_ != place::woken) return false;
    place_ = place::outside;
    --line_->woken_;
    return true;
}

}  // namespace girin::detail
