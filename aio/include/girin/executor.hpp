// Where functions that block run: all that their callers know of a thread pool.
#pragma once

#include <girin/export.hpp>
#include <girin/wait_point.hpp>

namespace girin {

namespace detail {

class loop_core;

// A function on its way through an executor. Its owner keeps it alive until finished() or until it was taken back.
class GIRIN_EXPORT pool_job {
 public:
    pool_job() = default;
    pool_job(const pool_job&) = delete;
    pool_job& operator=(const pool_job&) = delete;

    // For the executor: it has accepted the job, in a thread that runs a loop, and no other thread knows of it yet.
    void accepted();
    // It has given the job back.
    void taken_back() noexcept;
    // Runs the function and hands the job to the loop that it came from. It may be gone when this returns.
    void run() noexcept;

    pool_job* next = nullptr;  // in the executor's queue

 protected:
    virtual ~pool_job() = default;
    // Runs the function, in a thread of the pool.
    virtual void execute() noexcept = 0;
    // What then goes to the ready queue of the loop that submitted the job.
    virtual callback_node& finished() noexcept = 0;

 private:
    loop_core* loop_ = nullptr;
};

}  // namespace detail

// It outlives its jobs, and is destroyed before the loops that they came from.
class GIRIN_EXPORT executor {
 public:
    virtual ~executor();

    // Hands the job to a thread; false when as many as may wait are waiting. From a thread that runs a loop.
    virtual bool try_submit(detail::pool_job& job) = 0;
    // Takes a queued job back; false when a thread has it already.
    virtual bool take_back(detail::pool_job& job) noexcept = 0;
};

}  // namespace girin
