// A bounded pool of threads for functions that block (concurrent.futures.ThreadPoolExecutor).
#pragma once

#include <girin/coro.hpp>
#include <girin/executor.hpp>
#include <girin/export.hpp>
#include <girin/wait_point.hpp>

#include <cstddef>
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

// Threads are started when they are first needed. Safe to use from the threads of several loops.
class GIRIN_EXPORT thread_pool final : public executor {
 public:
    struct options {
        std::size_t threads = 0;     // at most; 0 means min(32, processors + 4), as in asyncio
        std::size_t queue = 65'536;  // functions that may wait for a thread
        std::string name = "girin";  // of the threads, which get a number behind it
    };

    explicit thread_pool(const options& o);
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;
    // Waits for the functions that run; queued ones are never called, and who awaits one gets a std::runtime_error.
    ~thread_pool() override;

    // Throws std::system_error when there is no thread and none can be started.
    bool try_submit(detail::pool_job& job) override;
    bool take_back(detail::pool_job& job) noexcept override;

    // Threads that run something, and jobs that wait for one.
    std::size_t busy() const noexcept;
    std::size_t queued() const noexcept;

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

 protected:
    // Raises the task's cancellation, or says that the function was not called.
    void check_called();
    // To be called first in the destructor: the loop may be closed while the function is queued or runs.
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
