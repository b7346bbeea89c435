// The event loop: runs callbacks, timers, tasks and I/O, one at a time, in one thread (asyncio's event loop).
#pragma once

#include <girin/context.hpp>
#include <girin/export.hpp>
#include <girin/loop_figures.hpp>
#include <girin/makes_coroutine.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

namespace girin {

class loop;

namespace detail {
struct loop_gate;
class loop_core;
class scheduled_call;
class task_core;
}  // namespace detail

// A callback that was scheduled (asyncio.Handle). Copies mean the same callback; dropping them does not cancel it.
class GIRIN_EXPORT handle {
 public:
    handle() = default;
    explicit handle(std::shared_ptr<detail::scheduled_call> call) noexcept : call_(std::move(call)) {}

    // Prevents the callback, if it has not run, and drops what it captured. Idempotent. On the loop's thread only,
    // unless call_soon_threadsafe made it: then another thread may, which waits for a callback that is running, and the
    // loop drops what was captured.
    void cancel() noexcept;
    bool cancelled() const noexcept;

 protected:
    std::shared_ptr<detail::scheduled_call> call_;
};

// A callback with a deadline (asyncio.TimerHandle).
class GIRIN_EXPORT timer_handle : public handle {
 public:
    using handle::handle;
    std::chrono::steady_clock::time_point when() const noexcept;
};

// What the exception handler is told.
struct exception_context {
    std::string message;           // such as "Task exception was never retrieved"
    std::exception_ptr exception;  // null when there is none
    std::string task_name;         // the task concerned, or nothing
    // The coroutines that the exception has left, or that the task consists of, innermost first; or where something was
    // made. May be empty.
    std::vector<std::source_location> call_stack = {};
};

struct loop_options {
    // Time stands still, and moves to the next deadline when nothing is ready, no pool function runs and no real
    // descriptor is awaited; while one is, only loop::advance() moves it. For tests: hours pass at once and in order.
    bool virtual_time = false;
    // Debug mode (asyncio's). Reports callbacks and steps of tasks that take slow_callback_duration or longer, and
    // coroutines that were never awaited; refuses use from other threads. Without a word: on if the environment has
    // GIRIN_DEBUG=1.
    std::optional<bool> debug = std::nullopt;
};

// One turn of the loop polls I/O, queues due timers by deadline, and runs what is then ready; what that schedules runs
// in the next turn. I/O is polled when nothing is ready, and otherwise at least every 64 turns, and every 100 us while
// a timer is armed. Not thread-safe but for call_soon_threadsafe.
class GIRIN_EXPORT loop {
 public:
    using clock = std::chrono::steady_clock;
    using duration = clock::duration;
    using time_point = clock::time_point;

    explicit loop(loop_options options = {});
    ~loop();  // closes
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    // The loop that runs in this thread (get_running_loop). Throws std::runtime_error when there is none.
    static loop& running();

    // The loop's own clock. Monotonic.
    time_point time() const;
    // Moves virtual time forward; std::logic_error on a real clock.
    void advance(duration step);

    // Runs the callback in the next turn, after what is already queued. A callback runs in the context that is given,
    // or in a copy of the caller's. Debug mode tells where it was scheduled.
    handle call_soon(std::function<void()> callback, const std::optional<context>& in = std::nullopt,
                     std::source_location where = std::source_location::current());
    // Runs the callback in the first turn at or after the deadline; a deadline in the past means the next turn.
    timer_handle call_at(time_point when, std::function<void()> callback,
                         const std::optional<context>& in = std::nullopt,
                         std::source_location where = std::source_location::current());
    timer_handle call_later(duration delay, std::function<void()> callback,
                            const std::optional<context>& in = std::nullopt,
                            std::source_location where = std::source_location::current());
    // A function that returns a coroutine is no callback: give it to create_task.
    template <detail::makes_coroutine F, class... More>
    void call_soon(F, More&&...) = delete;
    template <detail::makes_coroutine F, class... More>
    void call_at(time_point, F, More&&...) = delete;
    template <detail::makes_coroutine F, class... More>
    void call_later(duration, F, More&&...) = delete;
    template <detail::makes_coroutine F, class... More>
    void call_soon_threadsafe(F, More&&...) = delete;
    template <detail::makes_coroutine F>
    void add_signal_handler(int, F) = delete;

    // call_soon from any thread; wakes the loop. Throws std::runtime_error when the loop is closed, and must not be
    // called once it is destroyed. Not from a signal handler: add_signal_handler is for that.
    //
    // What the callback captures is copied in the calling thread, and may be dropped there. Tasks, futures, locks,
    // queues and the like must not be: only the loop's thread may copy or drop one. Capture a reference to one that
    // lives until the callback has run, or start a coroutine that has its own (run_coroutine_threadsafe).
    handle call_soon_threadsafe(std::function<void()> callback, const std::optional<context>& in = std::nullopt,
                                std::source_location where = std::source_location::current());

    // Calls the callback, as one of call_soon's, whenever the process gets the signal; signals that come before it has
    // run may be one. Replaces this loop's former callback. It runs in a copy of this context, which it keeps. On the
    // loop's thread. Throws std::invalid_argument when there is no such signal, std::runtime_error when it cannot be
    // caught, is a fault (SIGSEGV), or has a handler of another loop or of anybody else: a girin worker's signals stay
    // the server's.
    void add_signal_handler(int signo, std::function<void()> callback);
    // Gives the signal back the action that it had before; close() does too. False when there was no callback.
    bool remove_signal_handler(int signo);

    // Runs until stop(). Throws std::runtime_error when this or another loop already runs in this thread.
    void run_forever();
    // Ends run_forever after the current turn; called before it, exactly one turn runs, without blocking.
    void stop() noexcept;
    bool is_running() const noexcept;
    // Runs until the future or coroutine is done, and returns its result or raises its exception (in <girin/task.hpp>).
    template <class Awaitable>
    decltype(auto) run_until_complete(Awaitable&& awaitable);

    // Drops what is scheduled, destroys what is suspended, waits for pool functions that run. One of them that waits
    // for this loop (run_coroutine_threadsafe) gets a cancelled_error, and what else they ask of it is refused, as it
    // is closed for them. Idempotent; not while running.
    void close();
    bool is_closed() const noexcept;

    // Who is told of exceptions that nobody caught; an empty function restores the default, which writes to stderr.
    void set_exception_handler(std::function<void(loop&, const exception_context&)> handler);
    void call_exception_handler(const exception_context& context);
    void default_exception_handler(const exception_context& context);

    // Debug mode, which may be switched at any time.
    void set_debug(bool on) noexcept;
    bool get_debug() const noexcept;
    // How long a callback or a task's step may take before debug mode reports it: 100 ms, unless changed.
    void set_slow_callback_duration(std::chrono::nanoseconds least) noexcept;
    std::chrono::nanoseconds slow_callback_duration() const noexcept;

    // What the loop has measured of itself, at any time.
    loop_figures figures() const;

    detail::loop_core& core() noexcept { return *core_; }

 private:
    std::unique_ptr<detail::loop_core> core_;
};

namespace detail {

// A way to a loop that may be closed and gone. For any thread; copies lead to the same loop.
class GIRIN_EXPORT loop_address {
 public:
    // Of a loop that is there.
    explicit loop_address(loop& l);
    // call_soon_threadsafe; false, and the callback is dropped here, when the loop is closed.
    bool call_soon(std::function<void()> callback) const;

 private:
    std::shared_ptr<loop_gate> gate_;
};

}  // namespace detail

}  // namespace girin
