#include "aio/loop_core.hpp"

#include <girin/async_generator.hpp>
#include <girin/default_executor.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>

#include <signal.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace girin::detail {

namespace {

bool is_main_thread() {
    return ::gettid() == ::getpid();
}

bool is_awaited(const task_core& task) {
    bool awaited = false;
    task.for_each_waiter([&](const future_core&) { awaited = true; });
    return awaited;
}

// Each once: what a task awaits is cancelled with it, and in a long row of tasks not again with each of them. So those
// that nobody awaits come first.
void cancel_all(const std::vector<ref<task_core>>& tasks) {
    std::vector<unsigned> asked;
    for (auto& task : tasks) asked.push_back(task->cancelling());
    for (auto& task : tasks)
        if (!is_awaited(*task)) task->cancel({});
    for (std::size_t i = 0; i < tasks.size(); ++i)
        if (tasks[i]->cancelling() == asked[i]) tasks[i]->cancel({});
}

coro<void> cancel_leftovers(loop_core& loop) {
    any_task self = current_task();
    std::vector<ref<task_core>> left = task_core::all(loop);
    std::erase_if(left, [&](const ref<task_core>& task) { return any_task(task) == self; });
    std::vector<future<void>> ends;
    for (auto& task : left) ends.push_back(future<void>(ref<future_core>(task.get())));
    cancel_all(left);
    co_await gather(return_exceptions, ends);
    for (auto& task : left) {
        if (task->cancelled()) continue;
        if (std::exception_ptr raised = task->exception())
            loop.report("unhandled exception during girin::run() shutdown", raised, task->name());
    }
}

// Runs one step of ending to its end: an interrupt ends what is being ended already, and a failure must not keep the
// next step from being tried.
void finish_step(loop& l, coro<void> step) {
    task<void> running;
    {
        loop_core::running_scope scope(l.core());
        running = create_task(std::move(step));
    }
    while (!running.done()) {
        try {
            l.run_until_complete(running);
        } catch (const keyboard_interrupt&) {
        } catch (...) {
            l.default_exception_handler({"the loop could not be ended in order", std::current_exception(), {}});
            return;
        }
    }
}

}  // namespace

void finish_loop(loop& l) {
    if (l.is_closed() || l.is_running()) return;
    if (!loop_core::current()) {
        finish_step(l, cancel_leftovers(l.core()));
        finish_step(l, generator_core::close_all(l.core()));
        // Not by closing the loop: a function that still runs may need the loop to go on.
        finish_step(l, shutdown_default_executor());
    }
    l.close();
}

interrupt_guard::interrupt_guard(loop& l) : loop_(l), state_(std::make_shared<state>()) {
    struct sigaction current = {};
    if (!is_main_thread() || sigaction(SIGINT, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) return;
    installed_ = l.core().signals.add_interrupt([s = state_] {
        s->interrupted = true;
        if (s->main) s->main.cancel();
    });
}

interrupt_guard::~interrupt_guard() {
    state_->main = {};
    if (installed_) loop_.core().signals.remove(installed_.get());
}

void interrupt_guard::watch(any_task main) {
    state_->main = std::move(main);
    if (state_->interrupted) state_->main.cancel();
}

void interrupt_guard::check_result() {
    any_task main = std::exchange(state_->main, {});
    try {
        main.core()->check_result();
    } catch (const cancelled_error&) {
        if (state_->interrupted && main.cancelling() <= 1) throw keyboard_interrupt();
        throw;
    }
}

}  // namespace girin::detail

namespace girin {

runner::~runner() {
    close();
}

loop& runner::get_loop() {
    if (closed_) throw std::runtime_error("Runner is closed");
    if (!loop_) {
        context_ = copy_context();
        loop_ = std::make_unique<loop>(options_);
    }
    return *loop_;
}

loop& runner::begin() {
    if (detail::loop_core::current()) throw std::runtime_error("a runner cannot run inside a running event loop");
    return get_loop();
}

void runner::close() {
    if (loop_ && loop_->is_running()) throw std::runtime_error("Cannot close a running event loop");
    closed_ = true;
    if (loop_) detail::finish_loop(*loop_);
    loop_.reset();
}

}  // namespace girin
