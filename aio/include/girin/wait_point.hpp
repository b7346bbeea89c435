// The one way in which anything suspends a task, and the node by which the loop's ready queue links what it runs.
#pragma once

#include <girin/export.hpp>

#include <coroutine>
#include <string>

namespace girin::detail {

class task_core;

// An entry of the ready queue or of a future's callback list: an intrusive link that leaves its list when it is
// destroyed.
class GIRIN_EXPORT callback_node {
 public:
    callback_node() noexcept : prev_(this), next_(this) {}
    callback_node(const callback_node&) = delete;
    callback_node& operator=(const callback_node&) = delete;
    virtual ~callback_node() { unlink(); }

    // Runs the callback in its turn. Only what stops the whole loop (keyboard_interrupt) may come out of it.
    virtual void run() = 0;

    // The loop was closed or the future is gone: the callback will never run. The node is already out of its list.
    virtual void drop() noexcept {}

    bool linked() const noexcept { return next_ != this; }
    void unlink() noexcept {
        prev_->next_ = next_;
        next_->prev_ = prev_;
        prev_ = next_ = this;
    }

 private:
    friend class callback_list;
    callback_node* prev_;
    callback_node* next_;
};

// One suspended await; lives in the awaiter, and so in the frame of the coroutine that waits.
class GIRIN_EXPORT wait_point : public callback_node {
 public:
    // Suspends the current task at `caller`. Throws std::runtime_error outside a task.
    void suspend(std::coroutine_handle<> caller);

    // Asks what is awaited to stop, because the task was cancelled. True: accepted, and wake() follows, at once or
    // later. False: too late or not possible; the task then raises cancelled_error when it resumes.
    virtual bool cancel(const std::string& message) = 0;

    // Schedules the task for the next turn (call_soon). To be called once per suspend.
    void wake();

    // To be called first when the await resumes: raises the task's pending cancellation.
    void resumed() {
        if (cancel_on_resume_) throw_cancelled();
    }

    void run() final;

 protected:
    wait_point() = default;
    ~wait_point() override;

    bool suspended() const noexcept { return task_ != nullptr; }
    // For cancel(), when the wait can end at once: wakes the task, which raises cancelled_error(message) when it
    // resumes. False when it has been woken already.
    bool accept_cancel(const std::string& message);

 private:
    friend class task_core;
    [[noreturn]] void throw_cancelled();

    task_core* task_ = nullptr;
    std::coroutine_handle<> caller_;
    bool cancel_on_resume_ = false;
};

}  // namespace girin::detail
