// task_group: tasks that end before the block that made them does (asyncio.TaskGroup).
#pragma once

#include <girin/coro.hpp>
#include <girin/exception_group.hpp>
#include <girin/exceptions.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/task.hpp>
#include <girin/task_set.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

class GIRIN_EXPORT task_group_core final : public counted<task_group_core>, public task_set {
 public:
    // For the current task; std::runtime_error when there is none.
    task_group_core();
    ~task_group_core() override;

    void require_open() const;
    void adopt(ref<task_core> child);
    void cancel();

    // The body has ended, with an exception or with none.
    void leave_body(std::exception_ptr raised);
    // The wait for the children has been cancelled.
    void interrupted(std::exception_ptr cancellation);
    // The children have ended as well: raises what has to be raised.
    void finish();

 private:
    const future_core* waiter() const noexcept override { return parent_.get(); }
    void on_done(task_core& child) override;
    void on_abandoned() noexcept override;
    void abort();
    void note_stopper(const std::exception_ptr& raised);

    ref<task_core> parent_;  // as long as run() runs
    bool exiting_ = false;
    bool aborting_ = false;
    bool parent_cancel_requested_ = false;
    std::vector<std::exception_ptr> errors_;  // of children, in order of their ends
    std::exception_ptr body_error_;
    std::exception_ptr cancellation_;  // of the parent
    std::exception_ptr stopper_;       // a keyboard_interrupt
};

}  // namespace detail

// What Python writes as `async with TaskGroup() as group:` is `co_await task_group::run([&](task_group& group) …)`. The
// handle may be copied, and given to a child that makes more children; it can be used until run() has returned.
class task_group {
 public:
    // Calls body(task_group&), awaits the coroutine that it returns, then waits until every child has ended, those
    // made meanwhile too, and returns the body's result. The body runs in the calling task; std::runtime_error outside
    // of one.
    //
    // The body's local variables are gone when it ends, which may be before its children do: what these refer to has
    // to live outside of the body, or in the callable, which lives until run() returns.
    //
    // The first child that fails cancels all others and, at its await, the body; a child that ends cancelled is no
    // failure. The exceptions of all children, in the order in which they ended, and then the body's, are raised as one
    // exception_group (a base_exception_group if one of them is not derived from std::exception), even if there is only
    // one. A keyboard_interrupt is raised by itself. The cancellation of the body is taken back.
    //
    // When the calling task is cancelled, so is every child, and cancelled_error is raised when they have ended, unless
    // one has failed: then its exception_group is raised, and the next await after that raises the cancellation.
    template <class Body>
    static auto run(Body body) -> std::invoke_result_t<Body&, task_group&> {
        using T = typename std::invoke_result_t<Body&, task_group&>::value_type;
        task_group group(detail::ref<detail::task_group_core>(new detail::task_group_core));
        detail::task_group_core& core = *group.core_;
        detail::task_set::cancel_on_exit cancel_on_exit(core);
        detail::outcome<T> result;
        bool has_result = true;
        std::exception_ptr raised;
        try {
            if constexpr (std::is_void_v<T>)
                co_await detail::call(body, group);
            else
                result.set_value(co_await detail::call(body, group));
        } catch (...) {
            raised = std::current_exception();
            has_result = false;
        }
        core.leave_body(std::move(raised));
        while (!core.empty()) {
            try {
                co_await detail::task_set::until_empty(core);
            } catch (const cancelled_error&) {
                core.interrupted(std::current_exception());
            }
        }
        core.finish();
        if (!std::is_void_v<T> && !has_result)
            throw cancelled_error("the task_group was cancelled before its body had a result");
        co_return result.take();
    }

    // The same as girin::create_task, and the group waits for the task: a coroutine, what a lock or queue is asked for,
    // or a callable and its arguments, which are moved into the task. std::runtime_error when the group is shutting
    // down, because somebody has failed or cancelled it, or has ended.
    template <class T>
    task<T> create_task(coro<T> work) const {
        require_open(work);
        return adopt(girin::create_task(std::move(work)));
    }
    template <class T>
    task<T> create_task(coro<T> work, task_options options) const {
        require_open(work);
        return adopt(girin::create_task(std::move(work), std::move(options)));
    }
    template <class Wait>
    auto create_task(detail::operation<Wait> what, task_options options = {}) const {
        return create_task(detail::as_coro(std::move(what)), std::move(options));
    }
    template <class F, class... Args>
        requires detail::coroutine_function<F, Args...>
    auto create_task(task_options options, F function, Args... args) const {
        return create_task(detail::call_in_frame(std::move(function), std::move(args)...), std::move(options));
    }
    template <class F, class... Args>
        requires detail::coroutine_function<F, Args...>
    auto create_task(F function, Args... args) const {
        return create_task(detail::call_in_frame(std::move(function), std::move(args)...));
    }

    // Ends the block early (TaskGroup.cancel, Python 3.15): cancels the children and the body. run() then returns
    // without an exception; with cancelled_error, if the body should have returned something and has not. Nothing
    // happens when the group is shutting down or has ended.
    void cancel() const { core_->cancel(); }

 private:
    explicit task_group(detail::ref<detail::task_group_core> core) noexcept : core_(std::move(core)) {}

    template <class T>
    void require_open(coro<T>& work) const {
        try {
            core_->require_open();
        } catch (...) {
            work.close();
            throw;
        }
    }
    template <class T>
    task<T> adopt(task<T> child) const {
        core_->adopt(any_task(child).core());
        return child;
    }

    detail::ref<detail::task_group_core> core_;
};

}  // namespace girin
