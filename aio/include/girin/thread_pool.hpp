// A bounded pool of threads for functions that block (concurrent.futures.ThreadPoolExecutor).
#pragma once

#include <girin/coro.hpp>
#include <girin/executor.hpp>
#include <girin/export.hpp>
#include <girin/wait_point.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace girin {

// Raised when a pool's queue has no room; the function was not called.
class GIRIN_EXPORT pool_full : public std::runtime_error {
 public:
    pool_full() : std::runtime_error("every thread of the pool is busy and its queue is full") {}
    pool_full(const pool_full&) = default;
    ~pool_full() override;
};

// Raised when a function of a pool asks the same pool for another one, and no thread is free: it would wait for a
// thread that it keeps busy itself. The function that was asked for was not called.
class GIRIN_EXPORT pool_deadlock : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
    pool_deadlock(const pool_deadlock&) = default;
    ~pool_deadlock() override;
};

// What a pool has to do and has done, at one moment.
struct pool_figures {
    using duration = std::chrono::steady_clock::duration;

    std::size_t threads = 0;       // that live
    std::size_t most_threads = 0;  // that may
    std::size_t busy = 0;          // of them, run a function
    std::size_t queued = 0;        // functions that wait for a thread
    duration waiting{};            // how long the first of them has waited

    // Since the pool was made.
    std::uint64_t called = 0;   // functions that got a thread
    std::uint64_t dropped = 0;  // those taken back, or refused at the end, before they did
    std::uint64_t refused = 0;  // those that found the queue full
    duration waited{};          // for a thread, all that got one together
    duration longest_wait{};    // of one of them
};

struct cancel_futures_t {};
inline constexpr cancel_futures_t cancel_futures{};

// Threads are started when they are first needed, and leave when they have been idle for a time; the one that was idle
// last works next, so that those who are not needed do leave. Safe to use from the threads of several loops.
class GIRIN_EXPORT thread_pool final : public executor {
 public:
    struct options {
        std::size_t threads = 0;     // at most; 0 means min(32, processors + 4), as in asyncio
        std::size_t queue = 65'536;  // functions that may wait for a thread
        std::string name = "girin";  // of the threads, which get a number behind it
        std::chrono::nanoseconds idle_time = std::chrono::seconds(30);  // after which a thread leaves
    };

    explicit thread_pool(const options& o);
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;
    // Waits for the functions that run; queued ones are never called, and who awaits one gets a std::runtime_error.
    ~thread_pool() override;

    // Throws std::system_error when there is no thread and none can be started, std::runtime_error after shutdown(),
    // and pool_deadlock.
    bool try_submit(detail::pool_job& job) override;
    bool take_back(detail::pool_job& job) noexcept override;

    // Accepts nothing more, and returns when all that was accepted has been called. It blocks: a task awaits it in
    // another executor. Throws pool_deadlock in one of the pool's own threads.
    void shutdown();
    // The same, but what is queued is not called any more, also for a shutdown() that has waited for it: who awaits it
    // gets a std::runtime_error. `pool.shutdown(girin::cancel_futures)`
    void shutdown(cancel_futures_t);
    // Whether this thread is one of its own.
    bool has_this_thread() const noexcept;

    pool_figures figures() const noexcept;
    // Threads that run something, and functions that wait for one.
    std::size_t busy() const noexcept { return figures().busy; }
    std::size_t queued() const noexcept { return figures().queued; }

 private:
    struct state;
    std::unique_ptr<state> state_;
};

namespace detail {

// Suspends the task until its function has run in a pool. A cancelled task drops a function that is still queued; one
// that runs is waited for, because the frame it works on must not die under it, and then the await raises
// cancelled_error.
class GIRIN_EXPORT pool_wait : public wait_point, public pool_job {
 public:
    explicit pool_wait(executor* pool) : pool_(pool) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller);
    bool cancel(const std::string& message) override;
    void loop_closed() noexcept override;

 protected:
    // Raises the task's cancellation, or says that the function was not called.
    void check_called();
    // To be called first in the destructor: the frame may go while the function is queued or runs.
    void withdraw() noexcept;

 private:
    void refuse() noexcept override { refused_ = true; }
    callback_node& finished() noexcept override { return *this; }

    executor* pool_;  // null: the loop's default pool
    bool refused_ = false;
};

[[noreturn]] GIRIN_EXPORT void raise_pool_ended();

// Calls the function and keeps what it returned or raised.
template <class T, class F>
void call_into(outcome<T>& result, F& function) noexcept {
    try {
        if constexpr (std::is_void_v<T>)
            function();
        else
            result.set_value(function());
    } catch (...) {
        result.set_exception(std::current_exception());
    }
}

template <class F>
class thread_call final : public pool_wait {
 public:
    using result_type = std::invoke_result_t<F&>;

    thread_call(executor* pool, F& function) : pool_wait(pool), function_(function) {}
    ~thread_call() override { withdraw(); }

    result_type await_resume() {
        check_called();
        return outcome_.take();
    }

 private:
    void execute() noexcept override { call_into(outcome_, function_); }

    F& function_;
    outcome<result_type> outcome_;
};

}  // namespace detail

}  // namespace girin
