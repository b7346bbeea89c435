// run_in_executor: runs a blocking function in a pool of your own while the loop goes on (loop.run_in_executor).
#pragma once

#include <girin/executor.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

#include <type_traits>
#include <utility>

namespace girin {

// Submits function(args...) to the pool at once, and returns the task that waits for its result or exception.
// Cancelling the task, or whoever awaits it, drops a function that is still queued; one that runs is waited for, and
// then cancelled_error is raised. The await raises pool_full or pool_deadlock when the pool did not accept the
// function, and std::runtime_error when the pool ended before it called it. The pool must outlive what it runs.
template <class F, class... Args>
task<std::invoke_result_t<F&, Args...>> run_in_executor(executor& pool, F function, Args... args) {
    return create_task(eager_start, detail::call_in(&pool, std::move(function), std::move(args)...));
}

}  // namespace girin
