// run: a program's main coroutine, on a loop of its own (asyncio.run).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/loop.hpp>
#include <girin/task.hpp>

#include <utility>

namespace girin {

namespace detail {

// Cancels what is left and awaits it, closes generators, waits for the default pool, and closes the loop.
GIRIN_EXPORT void finish_loop(loop& l);

// While it lives, and if SIGINT has its default action, the first Ctrl-C cancels the task; the second kills the
// process.
class GIRIN_EXPORT interrupt_guard {
 public:
    explicit interrupt_guard(loop& l);
    interrupt_guard(const interrupt_guard&) = delete;
    interrupt_guard& operator=(const interrupt_guard&) = delete;
    ~interrupt_guard();

    void watch(any_task main);
    // Whether Ctrl-C, and nothing else, has cancelled the task.
    bool caused_cancellation() const noexcept;

 private:
    loop& loop_;
    any_task main_;
    bool installed_ = false;
    bool interrupted_ = false;
};

template <class T>
coro<T> watched(coro<T> main, interrupt_guard& guard) {
    guard.watch(current_task());
    co_return co_await std::move(main);
}

}  // namespace detail

// Runs the coroutine as a task of a new loop and returns its result or raises its exception, after it has cancelled and
// awaited all tasks that are left, closed the generators and waited for to_thread's functions. Ctrl-C cancels the main
// task, and run then raises keyboard_interrupt. std::runtime_error inside a running loop: the coroutine is not started.
template <class T>
T run(coro<T> main, loop_options options = {}) {
    loop l(options);
    struct finish {
        loop& l;
        ~finish() { detail::finish_loop(l); }
    } finish_at_end{l};
    detail::interrupt_guard guard(l);
    try {
        return l.run_until_complete(detail::watched(std::move(main), guard));
    } catch (const cancelled_error&) {
        if (guard.caused_cancellation()) throw keyboard_interrupt();
        throw;
    }
}

}  // namespace girin
