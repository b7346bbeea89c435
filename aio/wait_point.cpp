#include "aio/loop_core.hpp"

#include <girin/exceptions.hpp>
#include <girin/task.hpp>
#include <girin/wait_point.hpp>

#include <stdexcept>
#include <utility>

namespace girin::detail {

// Its frame is destroyed while the task waits here: a later cancel() must not find it.
wait_point::~wait_point() {
    if (task_ && task_->waiting_on_ == this) task_->waiting_on_ = nullptr;
}

void throw_outside_task() {
    throw std::runtime_error("only a task can wait: make one with create_task or run");
}

void wait_point::suspend(std::coroutine_handle<> caller) {
    task_core* task = loop_core::running().current_task;
    if (!task) throw_outside_task();
    task_ = task;
    caller_ = caller;
    task->waiting_on_ = this;
    if (task->must_cancel_ && cancel(task->cancel_message_)) task->must_cancel_ = false;
}

const future_core* wait_point::serves() const noexcept {
    return task_;
}

void wait_point::require_own_thread() const {
    task_->owner()->require_own_thread();
}

void wait_point::wake() {
    task_->owner()->ready.push_back(*this);
}

bool wait_point::accept_cancel(const std::string& message) {
    if (linked() || task_->cancel_accepted_) return false;
    task_->cancel_accepted_ = true;
    task_->cancel_message_ = message;
    wake();
    return true;
}

bool wait_point::cancel_accepted() const noexcept {
    return task_->cancel_accepted_;
}

bool wait_point::cancellation_pending() const noexcept {
    return task_->must_cancel_ || task_->cancel_accepted_;
}

void wait_point::run() {
    cancel_on_resume_ = cancellation_pending();
    task_core* task = std::exchange(task_, nullptr);
    task->waiting_on_ = nullptr;
    task->step(caller_);
}

void wait_point::throw_cancelled() {
    std::string message = std::exchange(loop_core::running().current_task->cancel_message_, {});
    cancellation_delivered();
    throw cancelled_error(std::move(message));
}

void wait_point::cancellation_delivered() noexcept {
    cancel_on_resume_ = false;
    task_core* task = loop_core::running().current_task;
    task->must_cancel_ = task->cancel_accepted_ = false;
}

}  // namespace girin::detail
