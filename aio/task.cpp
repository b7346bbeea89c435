#include "aio/loop_core.hpp"

#include <girin/task.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>

namespace girin {

namespace detail {

namespace {

std::atomic<unsigned long> tasks_so_far = 0;

}  // namespace

task_core::task_core()
    : future_core(false), start_(*this), number_(tasks_so_far.fetch_add(1, std::memory_order_relaxed) + 1) {}

task_core::~task_core() = default;

std::string task_core::name() const {
    return name_.empty() ? "Task-" + std::to_string(number_) : name_;
}

void task_core::set_name(std::string name) {
    named_.store(false, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_release);
    name_ = std::move(name);
    std::atomic_signal_fence(std::memory_order_release);
    named_.store(!name_.empty(), std::memory_order_relaxed);
}

std::vector<std::source_location> task_core::call_stack() const {
    if (traceback_) return *traceback_;
    std::vector<std::source_location> stack;
    if (root_)
        for (const call_frame* frame = &call_frame::of(root_); frame; frame = frame->callee())
            stack.push_back(frame->where());
    std::ranges::reverse(stack);
    return stack;
}

void task_core::continue_traceback() const noexcept {
    loop_core* loop = owner();
    if (loop && loop->current_task && traceback_) loop->raising.goes_on(raised_exception(), *traceback_);
}

// A copy of the current context, which nearly always is that of another task.
context_slot task_core::inherited() const noexcept {
    const loop_core* loop = loop_core::current();
    if (!loop) return context_slot::of_thread().copy();
    return loop->current_task ? loop->current_task->context_.copy() : loop->thread_context->copy();
}

void task_core::begin(std::coroutine_handle<> root, context_slot in) {
    root_ = root;
    context_.swap(in);
    add_ref();  // the loop's, until the task is done
    loop_core& loop = *owner();
    next_ = loop.tasks;
    link_ = &loop.tasks;
    if (next_) next_->link_ = &next_;
    std::atomic_signal_fence(std::memory_order_release);  // dump_tasks may come in between any two instructions
    loop.tasks = this;
}

void task_core::leave_loop() noexcept {
    if (!link_) return;
    *link_ = next_;
    std::atomic_signal_fence(std::memory_order_release);
    if (next_) next_->link_ = link_;
    link_ = nullptr;
}

void task_core::start_soon(std::coroutine_handle<> root) {
    begin(root, inherited());
    owner()->ready.push_back(start_);
}

void task_core::start_now(std::coroutine_handle<> root) {
    begin(root, inherited());
    step(root);
}

void task_core::start(std::coroutine_handle<> root, task_options options) {
    set_name(std::move(options.name));
    begin(root, options.context ? context_slot(*options.context) : inherited());
    if (options.eager_start)
        step(root);
    else
        owner()->ready.push_back(start_);
}

void task_core::start_node::run() {
    if (task_.must_cancel_)
        task_.finish_task();
    else
        task_.step(task_.root_);
}

void task_core::step(std::coroutine_handle<> resumed) {
    loop_core& loop = *owner();
    task_core* outer = std::exchange(loop.current_task, this);
    if (loop.monitor.debug) loop.monitor.step_began(*this);
    resumed.resume();
    loop.current_task = outer;
    if (root_.done()) finish_task();
    if (!outer && !loop.raising.empty()) loop.raising.clear();
}

// Follows Task.__step: a value does not count when a cancellation is pending, an exception does.
void task_core::finish_task() {
    leave_loop();
    std::exception_ptr stop_the_loop;
    if (!root_.done()) {
        set_cancelled(std::move(cancel_message_));
    } else {
        try {
            collect();
            if (must_cancel_)
                set_cancelled(std::move(cancel_message_));
            else
                finish();
        } catch (const cancelled_error& e) {
            set_cancelled(e.message());
        } catch (const keyboard_interrupt&) {
            stop_the_loop = std::current_exception();
            set_exception(stop_the_loop);
            mark_retrieved();
        } catch (...) {
            keep_traceback(std::current_exception());
            set_exception(std::current_exception());
        }
    }
    std::exchange(root_, nullptr).destroy();
    release();
    if (stop_the_loop) std::rethrow_exception(stop_the_loop);
}

void task_core::keep_traceback(const std::exception_ptr& raised) noexcept {
    try {
        traceback_ = std::make_unique<std::vector<std::source_location>>(owner()->raising.take(raised));
    } catch (...) {  // without memory there is none
    }
}

void task_core::report_unretrieved() noexcept {
    context_scope in_its_context(context_);
    future_core::report_unretrieved();
}

// One that is being cancelled already has passed that on, and waits for itself: see future_wait::cancel.
future_core* task_core::passes_cancel_to(std::size_t n) const noexcept {
    future_core* awaited = n == 0 && waiting_on_ ? waiting_on_->awaited() : nullptr;
    return awaited && !awaited->passes_cancel_on() ? awaited : nullptr;
}

bool task_core::cancel_itself(const std::string& message, passed_on before) {
    if (done()) return future_core::cancel_itself(message, before);
    ++cancelling_;
    if (before.accepted || (before.count == 0 && waiting_on_ && waiting_on_->cancel(message))) return true;
    must_cancel_ = true;
    if (!cancel_accepted_) cancel_message_ = message;
    return true;
}

unsigned task_core::uncancel() noexcept {
    if (cancelling_ == 0) return 0;
    if (--cancelling_ == 0) must_cancel_ = false;
    return cancelling_;
}

ref<task_core> task_core::current() {
    return ref<task_core>(loop_core::running().current_task);
}

std::vector<ref<task_core>> task_core::all(loop_core& loop) {
    std::vector<ref<task_core>> result;
    for (task_core* task = loop.tasks; task; task = task->next_) result.emplace_back(task);
    return result;
}

std::size_t task_core::count(const loop_core& loop) noexcept {
    std::size_t tasks = 0;
    for (const task_core* task = loop.tasks; task; task = task->next_) ++tasks;
    return tasks;
}

void task_core::drop_callbacks(loop_core& loop) noexcept {
    for (task_core* task = loop.tasks; task; task = task->next_) task->drop_owned_callbacks();
}

// The loop was closed over them: they are not resumed, their frames are destroyed, whoever holds them sees them
// pending.
void task_core::destroy_all(loop_core& loop) noexcept {
    while (loop.tasks) {
        ref<task_core> task(loop.tasks);
        task->release();  // the loop's
        task->leave_loop();
        task->start_.unlink();
        destroy_chain(std::exchange(task->root_, nullptr));
        // What it waited on is in a generator that somebody else holds.
        if (wait_point* wait = std::exchange(task->waiting_on_, nullptr)) {
            wait->task_ = nullptr;
            if (wait->linked()) wait->unlink();  // nobody is to wake it
            wait->loop_closed();
        }
        if (task->quiet_) continue;
        context_scope in_its_context(task->context_);
        try {
            loop.report("Task was destroyed but it is pending!", nullptr, task->name());
        } catch (...) {  // keyboard_interrupt out of the handler does not stop a loop that is being closed
        }
    }
}

void run_until_done(loop& l, const std::function<ref<future_core>()>& start) {
    loop_core& core = l.core();
    struct stop_when_done final : callback_node {
        explicit stop_when_done(loop_core& c) : core(c) {}
        void run() override { core.stop(); }
        loop_core& core;
    } stop(core);
    ref<future_core> awaited;
    {
        loop_core::running_scope running(core);
        awaited = start();
    }
    if (awaited->owner() != &core) throw std::invalid_argument("the future belongs to a different loop");
    awaited->add_callback(stop);
    core.run_forever();
    if (!awaited->done()) throw std::runtime_error("Event loop stopped before Future completed.");
}

}  // namespace detail

any_task current_task() {
    return any_task(detail::task_core::current());
}

std::vector<any_task> all_tasks() {
    std::vector<any_task> result;
    for (auto& core : detail::task_core::all(detail::loop_core::running())) result.emplace_back(std::move(core));
    return result;
}

}  // namespace girin
