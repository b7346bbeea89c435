// run: a program's main coroutine, on a loop of its own (asyncio.run).
#pragma once

#include <girin/context.hpp>
#include <girin/coro.hpp>
#include <girin/exceptions.hpp>
#include <girin/export.hpp>
#include <girin/loop.hpp>
#include <girin/task.hpp>

#include <memory>
#include <optional>
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
    // Raises what the task has raised; keyboard_interrupt instead of cancelled_error when Ctrl-C, and nothing else, has
    // cancelled it. It is not watched any more.
    void check_result();

 private:
    // The callback may come after the guard, when an exception has left the loop in between.
    struct state {
        any_task main;
        bool interrupted = false;
    };

    loop& loop_;
    std::shared_ptr<state> state_;
    std::shared_ptr<const void> installed_;
};

}  // namespace detail

// Runs main coroutines, one after the other, on one loop (asyncio.Runner).
class GIRIN_EXPORT runner {
 public:
    explicit runner(loop_options options = {}) noexcept : options_(options) {}
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;
    ~runner();  // closes

    // Runs the coroutine as a task of the loop and returns its result or raises its exception. Ctrl-C cancels the task,
    // and then keyboard_interrupt is raised, if it ends cancelled by that alone; a second Ctrl-C ends the process. That
    // holds in the main thread, unless SIGINT has another action than its default, which it has again afterwards.
    //
    // All run in the context that is given, or else in one of the runner's own, which was a copy of the current one
    // when the loop was made: what one sets the next sees. std::runtime_error inside a running loop and after close():
    // the coroutine is not started.
    template <class T>
    T run(coro<T> main, const std::optional<context>& in = std::nullopt) {
        loop& l = begin();
        task<T> running;
        detail::interrupt_guard guard(l);
        detail::run_until_done(l, [&] {
            running = create_task(std::move(main), {.context = in ? in : context_});
            guard.watch(running);
            return running.core();
        });
        guard.check_result();
        return detail::take_value<T>(*running.core());
    }

    // Made when it is first asked for. std::runtime_error after close().
    loop& get_loop();
    // Cancels all tasks that are left, together, and awaits them, closes the generators, waits for to_thread's
    // functions and closes the loop. Idempotent; std::runtime_error while run() runs.
    void close();

 private:
    loop& begin();

    loop_options options_;
    std::unique_ptr<loop> loop_;
    std::optional<context> context_;
    bool closed_ = false;
};

// Runs the coroutine on a new loop, which is closed in the end: runner(options).run(main).
template <class T>
T run(coro<T> main, loop_options options = {}) {
    return runner(options).run(std::move(main));
}

}  // namespace girin
