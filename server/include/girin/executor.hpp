// Where a worker runs blocking handlers: what the server puts into the scope's slot for the framework to find.
#pragma once

#include <girin/export.hpp>

namespace girin {

// One blocking call. It belongs to whoever submits it, and lives until finished() was called or it was withdrawn.
class GIRIN_EXPORT job {
 public:
    job() noexcept = default;
    job(const job&) = delete;
    job& operator=(const job&) = delete;

    // The work, on a thread of the executor.
    virtual void run() noexcept = 0;
    // Then, on the loop's thread: the work is done. It may be called before try_submit has returned.
    virtual void finished() = 0;

    // For the executor's queue alone.
    job* previous = nullptr;
    job* next = nullptr;

 protected:
    virtual ~job();
};

// A bounded thread pool. Its functions are called on the loop's thread, and it outlives every job. Before the loop is
// closed it is stopped: then no job runs any more.
class GIRIN_EXPORT executor {
 public:
    virtual ~executor();

    // Takes the job, or returns false because as many as may wait are waiting.
    virtual bool try_submit(job& work) = 0;
    // Takes a waiting job back. False: a thread has begun it, and finished() follows.
    virtual bool withdraw(job& work) = 0;
};

}  // namespace girin
