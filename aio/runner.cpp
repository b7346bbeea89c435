#include "aio/loop_core.hpp"

#include <girin/async_generator.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>

#include <signal.h>

#include <atomic>

namespace girin::detail {

namespace {

std::atomic<loop_core*> interrupted_loop = nullptr;

extern "C" void on_sigint(int) {
    if (loop_core* loop = interrupted_loop.load()) {
        loop->interrupted.store(true);
        loop->io.interrupt();
    }
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

}  // namespace

void finish_loop(loop& l) {
    if (l.is_closed() || l.is_running()) return;
    try {
        l.run_until_complete(cancel_leftovers(l.core()));
        l.run_until_complete(generator_core::close_all(l.core()));
    } catch (...) {
        l.default_exception_handler({"the loop could not be ended in order", std::current_exception(), {}});
    }
    l.close();
}

interrupt_guard::interrupt_guard(loop& l) : loop_(l) {
    struct sigaction current = {};
    if (sigaction(SIGINT, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) return;
    loop_core* none = nullptr;
    if (!interrupted_loop.compare_exchange_strong(none, &l.core())) return;
    installed_ = true;
    struct sigaction action = {};
    action.sa_handler = on_sigint;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    l.core().on_interrupt = [this] {
        interrupted_ = true;
        if (main_) main_.cancel();
    };
}

interrupt_guard::~interrupt_guard() {
    if (!installed_) return;
    signal(SIGINT, SIG_DFL);
    loop_.core().on_interrupt = nullptr;
    interrupted_loop.store(nullptr);
}

void interrupt_guard::watch(any_task main) {
    main_ = std::move(main);
}

bool interrupt_guard::caused_cancellation() const noexcept {
    return interrupted_ && main_.cancelling() <= 1;
}

}  // namespace girin::detail
