#include "aio/loop_core.hpp"

#include <girin/task_group.hpp>

#include <stdexcept>

namespace girin::detail {

namespace {

template <class Kind>
bool is(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const Kind&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

task_group_core::task_group_core() : parent_(task_core::current()) {
    if (!parent_) throw std::runtime_error("a task_group can only be run inside a task: make one with create_task");
}

task_group_core::~task_group_core() = default;

void task_group_core::require_open() const {
    if (exiting_ && empty())
        throw std::runtime_error("this task_group has ended: make tasks while its body or another of its tasks runs");
    if (aborting_)
        throw std::runtime_error("this task_group is shutting down, as somebody failed or cancelled it: no more tasks");
}

// An eager child may have cancelled the group before it belonged to it.
void task_group_core::adopt(ref<task_core> child) {
    if (aborting_) child->cancel({});
    add(std::move(child));
}

void task_group_core::abort() {
    aborting_ = true;
    cancel_all();
}

void task_group_core::cancel() {
    if (aborting_ || (exiting_ && empty())) return;
    abort();
    parent_cancel_requested_ = true;
    parent_->cancel({});
}

void task_group_core::note_stopper(const std::exception_ptr& raised) {
    if (!stopper_ && is<keyboard_interrupt>(raised)) stopper_ = raised;
}

// The parent is cancelled too, in case that the body is not at its end, and uncancelled in finish().
void task_group_core::on_done(task_core& child) {
    if (!parent_ || child.cancelled()) return;
    std::exception_ptr raised = child.exception();
    if (!raised) return;
    errors_.push_back(raised);
    note_stopper(raised);
    if (aborting_ || parent_cancel_requested_) return;
    abort();
    parent_cancel_requested_ = true;
    parent_->cancel({});
}

// What its children raise is then reported as that of tasks which nobody awaits.
void task_group_core::on_abandoned() noexcept {
    exiting_ = aborting_ = true;
    parent_ = {};
}

void task_group_core::leave_body(std::exception_ptr raised) {
    exiting_ = true;
    if (!raised) return;
    note_stopper(raised);
    if (is<cancelled_error>(raised))
        cancellation_ = std::move(raised);
    else
        body_error_ = std::move(raised);
    if (!aborting_) abort();
}

void task_group_core::interrupted(std::exception_ptr cancellation) {
    if (!cancellation_) cancellation_ = std::move(cancellation);
    if (!aborting_) abort();
}

// Follows TaskGroup.__aexit__: errors come before the parent's cancellation, which then has to be asked for anew,
// because it has been delivered already.
void task_group_core::finish() {
    const ref<task_core> parent = std::exchange(parent_, {});
    if (parent_cancel_requested_ && parent->uncancel() == 0) cancellation_ = nullptr;
    if (stopper_) std::rethrow_exception(std::move(stopper_));
    if (cancellation_ && errors_.empty() && !body_error_) std::rethrow_exception(std::move(cancellation_));
    if (body_error_ && errors_.empty() && is<generator_exit>(body_error_)) std::rethrow_exception(body_error_);
    if (body_error_) errors_.push_back(std::move(body_error_));
    if (errors_.empty()) return;
    if (parent->cancelling() > 0) {
        parent->uncancel();
        parent->cancel({});
    }
    std::rethrow_exception(make_exception_group("unhandled errors in a task_group", std::move(errors_)));
}

}  // namespace girin::detail
