#include "aio/loop_core.hpp"

#include <girin/async_generator.hpp>
#include <girin/default_executor.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

namespace girin::detail {

namespace {

std::atomic<loop_core*> interrupted_loop = nullptr;
std::atomic<int> handlers_running = 0;  // the loop must not go away under one that runs in another thread

extern "C" void on_sigint(int) {
    int error = errno;
    handlers_running.fetch_add(1);
    if (loop_core* loop = interrupted_loop.load()) {
        loop->interrupted.store(true);
        loop->io.interrupt();
    }
    handlers_running.fetch_sub(1);
    errno = error;
}

bool is_main_thread() {
    return ::gettid() == ::getpid();
}

coro<void> cancel_leftovers(loop_core& loop) {
    any_task self = current_task();
    std::vector<ref<task_core>> left = task_core::all(loop);
    std::erase_if(left, [&](const ref<task_core>& task) { return any_task(task) == self; });
    std::vector<future<void>> ends;
    for (auto& task : left) {
        task->cancel({});
        ends.push_back(future<void>(ref<future_core>(task.get())));
    }
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

interrupt_guard::interrupt_guard(loop& l) : loop_(l) {
    struct sigaction current = {};
    if (!is_main_thread() || sigaction(SIGINT, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) return;
    loop_core* none = nullptr;
    if (!interrupted_loop.compare_exchange_strong(none, &l.core())) return;
    installed_ = true;
    l.core().on_interrupt = [this] {
        interrupted_ = true;
        if (main_) main_.cancel();
    };
    struct sigaction action = {};
    action.sa_handler = on_sigint;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
}

interrupt_guard::~interrupt_guard() {
    if (!installed_) return;
    struct sigaction current = {};
    if (sigaction(SIGINT, nullptr, &current) == 0 && current.sa_handler == on_sigint) signal(SIGINT, SIG_DFL);
    interrupted_loop.store(nullptr);
    while (handlers_running.load() != 0) std::this_thread::yield();
    loop_.core().on_interrupt = nullptr;
}

void interrupt_guard::watch(any_task main) {
    main_ = std::move(main);
    if (interrupted_) main_.cancel();
}

bool interrupt_guard::caused_cancellation() const noexcept {
    return interrupted_ && main_.cancelling() <= 1;
}

}  // namespace girin::detail
