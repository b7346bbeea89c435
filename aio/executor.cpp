#include "aio/loop_core.hpp"

#include <girin/executor.hpp>

namespace girin {

executor::~executor() = default;

namespace detail {

void pool_job::accepted() {
    loop_ = &loop_core::running();
    loop_->pool_calls.fetch_add(1);
    submitted_.store(true, std::memory_order_relaxed);
}

void pool_job::taken_back() noexcept {
    loop_->pool_calls.fetch_sub(1);
    submitted_.store(false, std::memory_order_relaxed);
}

void pool_job::hand_over() noexcept {
    loop_->take_over(*this);
}

void pool_job::wait_and_forget() noexcept {
    loop_->take_over_and_forget(*this);
}

void job_queue::push(pool_job& job) noexcept {
    job.queued_ = true;
    job.next_ = nullptr;
    job.previous_ = last_;
    (last_ ? last_->next_ : first_) = &job;
    last_ = &job;
    ++size_;
}

pool_job& job_queue::pop() noexcept {
    pool_job& job = *first_;
    remove(job);
    return job;
}

bool job_queue::remove(pool_job& job) noexcept {
    if (!job.queued_) return false;
    job.queued_ = false;
    (job.previous_ ? job.previous_->next_ : first_) = job.next_;
    (job.next_ ? job.next_->previous_ : last_) = job.previous_;
    --size_;
    return true;
}

}  // namespace detail

}  // namespace girin
