// run_in_executor: runs a blocking function in a pool of your own while the loop goes on (loop.run_in_executor).
#pragma once

#include <girin/coro.hpp>
#include <girin/executor.hpp>
#include <girin/makes_coroutine.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace girin {

namespace detail {

template <class F, class... Args>
auto call_in(executor* pool, F function, Args... args) -> coro<std::invoke_result_t<F&, Args...>> {
    auto bound = [&]() -> decltype(auto) { return std::invoke(function, std::move(args)...); };
    co_return co_await thread_call<decltype(bound)>(pool, bound);
}

}  // namespace detail

// Submits function(args...) to the pool at once, and returns the task that waits for its result or exception.
// Cancelling the task, or whoever awaits it, drops a function that is still queued; one that runs is waited for, and
// then cancelled_error is raised. The await raises pool_full or pool_deadlock when the pool did not accept the
// function, and std::runtime_error when the pool ended before it called it. The pool must outlive what it runs.
template <class F, class... Args>
task<std::invoke_result_t<F&, Args...>> run_in_executor(executor& pool, F function, Args... args) {
    static_assert(!detail::makes_coroutine<F, Args...>, "a thread cannot await what the function returns");
    return create_task(detail::call_in(&pool, std::move(function), std::move(args)...), {.eager_start = true});
}

}  // namespace girin
