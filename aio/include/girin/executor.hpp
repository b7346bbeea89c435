// Where functions that block run: all that their callers know of a thread pool.
#pragma once

#include <girin/callback_list.hpp>
#include <girin/export.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace girin {

namespace detail {

class loop_core;

// A function on its way through an executor. Its owner keeps it alive until finished() is queued, or until it was taken
// back or withdrawn.
class GIRIN_EXPORT pool_job {
 public:
    pool_job() = default;
    pool_job(const pool_job&) = delete;
    pool_job& operator=(const pool_job&) = delete;

    // For the executor: it has accepted the job, in a thread that runs a loop, and no other thread knows of it yet.
    void accepted();
    // It has given the job back.
    void taken_back() noexcept;
    // Runs the function, or marks the job as never run, because the executor ends; hand_over() must follow.
    void call() noexcept { execute(); }
    void refused() noexcept { refuse(); }
    // Gives it to the loop that it came from. It may be gone when this returns.
    void hand_over() noexcept;

    // Whether an executor has it, and has not handed it to its loop.
    bool submitted() const noexcept { return submitted_.load(std::memory_order_acquire); }
    // Whether it has never been given to an executor.
    bool is_new() const noexcept { return !loop_; }
    // Waits until it is not submitted any more, and takes finished() out of its loop's queue. For a job whose owner
    // goes before it has come back, in the loop's thread.
    void wait_and_forget() noexcept;

    std::chrono::steady_clock::time_point queued_at{};  // for an executor that keeps figures

 protected:
    virtual ~pool_job() = default;
    // Runs the function, in a thread of the executor.
    virtual void execute() noexcept = 0;
    // The executor ends, and execute() has not been called and will not be.
    virtual void refuse() noexcept = 0;
    // What then goes to the ready queue of the loop that submitted the job.
    virtual callback_node& finished() noexcept = 0;

 private:
    friend class job_queue;
    friend class loop_core;

    loop_core* loop_ = nullptr;  // where it was submitted
    pool_job* next_ = nullptr;
    pool_job* previous_ = nullptr;
    bool queued_ = false;
    std::atomic<bool> submitted_ = false;
};

// The jobs that wait in an executor, first in, first out. Not thread-safe.
class GIRIN_EXPORT job_queue {
 public:
    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }
    void push(pool_job& job) noexcept;
    // The queue must not be empty.
    const pool_job& front() const noexcept { return *first_; }
    pool_job& pop() noexcept;
    // False when the job is not queued.
    bool remove(pool_job& job) noexcept;

 private:
    pool_job* first_ = nullptr;
    pool_job* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace detail

// One that ends runs or refuses what it has accepted. A loop that is closed takes back what it has submitted.
class GIRIN_EXPORT executor {
 public:
    virtual ~executor();

    // Hands the job to a thread; false when as many as may wait are waiting. From a thread that runs a loop.
    virtual bool try_submit(detail::pool_job& job) = 0;
    // Takes a queued job back; false when a thread has it already.
    virtual bool take_back(detail::pool_job& job) noexcept = 0;
};

}  // namespace girin
