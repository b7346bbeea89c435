// Tasks that somebody answers for and waits for together: what task_group and staggered_race are made of.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/task.hpp>
#include <girin/wait_point.hpp>

#include <coroutine>
#include <string>

namespace girin::detail {

class GIRIN_EXPORT task_set {
 public:
    task_set(const task_set&) = delete;
    task_set& operator=(const task_set&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    // The task belongs to the set until the turn after its end.
    void add(ref<task_core> task);
    // Cancels those that are not done, the oldest first, all but one.
    void cancel_all(const std::string& message = {}, const task_core* but = nullptr);

    // Waits until the set is empty, for one task at a time. Cancelling ends the wait, and nothing else.
    class GIRIN_EXPORT until_empty final : public wait_point {
     public:
        explicit until_empty(task_set& set) noexcept : set_(set) {}
        ~until_empty() override;

        bool await_ready() const noexcept { return set_.empty(); }
        void await_suspend(std::coroutine_handle<> caller);
        void await_resume() { resumed(); }
        bool cancel(const std::string& message) override { return accept_cancel(message); }

     private:
        friend class task_set;
        task_set& set_;
    };

    // For the frame that waits: cancels the tasks if it is dropped before the set is empty.
    struct GIRIN_EXPORT cancel_on_exit {
        task_set& set;
        explicit cancel_on_exit(task_set& s) noexcept : set(s) {}
        cancel_on_exit(const cancel_on_exit&) = delete;
        cancel_on_exit& operator=(const cancel_on_exit&) = delete;
        ~cancel_on_exit();
    };

 protected:
    task_set() = default;
    virtual ~task_set();

 private:
    struct member;

    // The task that waits for them, or will.
    virtual const future_core* waiter() const noexcept { return waiting_ ? waiting_->serves() : nullptr; }
    // A task has ended, and does not belong to the set any more.
    virtual void on_done(task_core& task) = 0;
    // Nobody waits for the tasks any more.
    virtual void on_abandoned() noexcept {}

    member* first_ = nullptr;
    member** last_ = &first_;
    until_empty* waiting_ = nullptr;
};

}  // namespace girin::detail
