// The one way in which anything suspends a task.
#pragma once

#include <girin/callback_list.hpp>
#include <girin/export.hpp>

#include <coroutine>
#include <string>

namespace girin::detail {

class task_core;

// One suspended await; lives in the awaiter, and so in the frame of the coroutine that waits.
class GIRIN_EXPORT wait_point : public callback_node {
 public:
    // Suspends the current task at `caller`. Throws std::runtime_error outside a task.
    void suspend(std::coroutine_handle<> caller);

    // Whether there is nothing to wait for any more, for one that was not awaited at once.
    virtual bool ready() { return false; }

    // Asks what is awaited to stop, because the task was cancelled. True: accepted, and wake() follows, at once or
    // later. False: too late or not possible; the task then raises cancelled_error when it resumes.
    virtual bool cancel(const std::string& message) = 0;
    // The future that it waits for and that cancel() would cancel, or null.
    virtual future_core* awaited() const noexcept { return nullptr; }
    // The loop was closed over the task, but not over the frame that waits: somebody holds that. Nobody will resume it.
    virtual void loop_closed() noexcept {}

    // Schedules the task for the next turn of its loop (call_soon). To be called once per suspend.
    void wake();

    // To be called first when the await resumes: raises the task's pending cancellation.
    void resumed() {
        if (cancel_on_resume_) throw_cancelled();
    }

    // Resumes the task.
    void run() override;

    const future_core* serves() const noexcept override;

 protected:
    wait_point() = default;
    ~wait_point() override;

    bool suspended() const noexcept { return task_ != nullptr; }
    // For what another task, or by mistake another thread, is about to wake: see loop_core.
    void require_own_thread() const;
    bool cancelled_meanwhile() const noexcept { return cancel_on_resume_; }
    // Whether a cancellation has ended the wait, and the task only has to resume.
    bool cancel_accepted() const noexcept;
    // For run(): whether the task is to raise a cancellation when it resumes.
    bool cancellation_pending() const noexcept;
    // For cancel(), when the wait can end at once: wakes the task, which raises cancelled_error(message) when it
    // resumes. False when it has been woken already.
    bool accept_cancel(const std::string& message);
    // The await raises a cancelled_error of its own, which then counts as the delivery of the task's.
    void cancellation_delivered() noexcept;

 private:
    friend class task_core;
    [[noreturn]] void throw_cancelled();

    task_core* task_ = nullptr;
    std::coroutine_handle<> caller_;
    bool cancel_on_resume_ = false;
};

}  // namespace girin::detail
