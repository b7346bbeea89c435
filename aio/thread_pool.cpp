#include "aio/loop_core.hpp"

#include <girin/thread_pool.hpp>
#include <girin/to_thread.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace girin {

pool_full::~pool_full() = default;

struct thread_pool::state {
    std::mutex mutex;
    std::condition_variable work;
    detail::pool_job* first = nullptr;
    detail::pool_job* last = nullptr;
    std::size_t queued = 0;
    std::size_t idle = 0;
    std::size_t max_threads = 0;
    std::size_t max_queued = 0;
    bool stopping = false;
    std::string name;
    std::vector<std::thread> threads;

    detail::pool_job* pop() {
        detail::pool_job* job = first;
        first = job->next;
        if (!first) last = nullptr;
        --queued;
        return job;
    }
    void serve();
    void start_thread();
};

thread_pool::thread_pool(const options& o) : state_(std::make_unique<state>()) {
    state_->max_threads =
        o.threads ? o.threads : std::min<std::size_t>(32, std::max(1u, std::thread::hardware_concurrency()) + 4);
    state_->max_queued = o.queue;
    state_->name = o.name;
}

thread_pool::~thread_pool() {
    {
        std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->work.notify_all();
    for (std::thread& thread : state_->threads) thread.join();
}

// Signals are the loop thread's business.
void thread_pool::state::start_thread() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    threads.emplace_back([this] { serve(); });
    pthread_setname_np(threads.back().native_handle(),
                       (name + "_" + std::to_string(threads.size() - 1)).substr(0, 15).c_str());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void thread_pool::state::serve() {
    std::unique_lock lock(mutex);
    for (;;) {
        ++idle;
        work.wait(lock, [&] { return first || stopping; });
        --idle;
        if (stopping) return;
        detail::pool_job& job = *pop();
        lock.unlock();
        job.run();
        lock.lock();
    }
}

bool thread_pool::try_submit(detail::pool_job& job) {
    {
        std::lock_guard lock(state_->mutex);
        bool start = state_->idle <= state_->queued && state_->threads.size() < state_->max_threads;
        if (!start && state_->queued >= state_->max_queued + state_->idle) return false;
        if (start) state_->start_thread();
        job.accepted();
        (state_->last ? state_->last->next : state_->first) = &job;
        state_->last = &job;
        ++state_->queued;
    }
    state_->work.notify_one();
    return true;
}

bool thread_pool::take_back(detail::pool_job& job) noexcept {
    std::lock_guard lock(state_->mutex);
    detail::pool_job* before = nullptr;
    for (detail::pool_job* at = state_->first; at; before = at, at = at->next) {
        if (at != &job) continue;
        (before ? before->next : state_->first) = job.next;
        if (state_->last == &job) state_->last = before;
        --state_->queued;
        job.taken_back();
        return true;
    }
    return false;
}

std::size_t thread_pool::busy() const noexcept {
    std::lock_guard lock(state_->mutex);
    return state_->threads.size() - state_->idle;
}

std::size_t thread_pool::queued() const noexcept {
    std::lock_guard lock(state_->mutex);
    return state_->queued;
}

namespace detail {

thread_pool& default_pool() {
    return loop_core::running().default_pool();
}

void pool_wait::await_suspend(std::coroutine_handle<> caller) {
    if (!pool_) pool_ = &loop_core::running().default_pool();
    suspend(caller);
    if (linked()) return;  // cancelled before it was submitted
    submitted_ = true;
    if (!pool_->try_submit(*this)) {
        refused_ = true;
        wake();
    }
}

bool pool_wait::cancel(const std::string& message) {
    if (submitted_ && !pool_->take_back(*this)) return false;
    return accept_cancel(message);
}

}  // namespace detail

}  // namespace girin
