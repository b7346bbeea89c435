#include "aio/loop_core.hpp"

#include <girin/thread_pool.hpp>
#include <girin/to_thread.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace girin {

pool_full::~pool_full() = default;

struct thread_pool::state {
    std::mutex mutex;
    std::condition_variable work;
    detail::job_queue queue;
    std::size_t idle = 0;  // threads that wait for a job, or will when they have started
    std::size_t max_threads = 0;
    std::size_t max_queued = 0;
    bool stopping = false;
    std::string name;
    std::vector<std::thread> threads;

    void start_thread();
    void serve(std::size_t number);
};

// Signals are not blocked: programs that a function starts would inherit that. The kernel gives those of the process to
// its main thread as long as that takes them.
void thread_pool::state::start_thread() {
    threads.emplace_back([this, number = threads.size()] { serve(number); });
    ++idle;
}

void thread_pool::state::serve(std::size_t number) {
    pthread_setname_np(pthread_self(), (name + "_" + std::to_string(number)).substr(0, 15).c_str());
    std::unique_lock lock(mutex);
    for (;;) {
        work.wait(lock, [&] { return !queue.empty() || stopping; });
        if (stopping) return;
        detail::pool_job& job = queue.pop();
        --idle;
        lock.unlock();
        job.call();
        lock.lock();
        ++idle;  // before the loop knows, and may submit the next
        job.hand_over();
    }
}

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
    while (!state_->queue.empty()) {
        detail::pool_job& job = state_->queue.pop();
        job.refused();
        job.hand_over();
    }
}

bool thread_pool::try_submit(detail::pool_job& job) {
    {
        std::lock_guard lock(state_->mutex);
        if (state_->idle <= state_->queue.size() && state_->threads.size() < state_->max_threads) {
            try {
                state_->start_thread();
            } catch (const std::system_error&) {
                if (state_->threads.empty()) throw;
            }
        }
        if (state_->queue.size() >= state_->idle + state_->max_queued) return false;
        job.accepted();
        state_->queue.push(job);
    }
    state_->work.notify_one();
    return true;
}

bool thread_pool::take_back(detail::pool_job& job) noexcept {
    std::lock_guard lock(state_->mutex);
    if (!state_->queue.remove(job)) return false;
    job.taken_back();
    return true;
}

std::size_t thread_pool::busy() const noexcept {
    std::lock_guard lock(state_->mutex);
    return state_->threads.size() - state_->idle;
}

std::size_t thread_pool::queued() const noexcept {
    std::lock_guard lock(state_->mutex);
    return state_->queue.size();
}

namespace detail {

thread_pool& default_pool() {
    return loop_core::running().default_pool();
}

void raise_pool_ended() {
    throw std::runtime_error("the thread pool ended before it called the function");
}

void pool_wait::await_suspend(std::coroutine_handle<> caller) {
    if (!pool_) pool_ = &default_pool();
    suspend(caller);
    if (linked()) return;  // cancelled before it was submitted
    if (!pool_->try_submit(*this)) throw pool_full();
}

// Once the job is on its way this node's list may belong to another thread, unless the job is taken back.
bool pool_wait::cancel(const std::string& message) {
    if (!is_new() && !(submitted() && pool_->take_back(*this))) return false;
    return accept_cancel(message);
}

void pool_wait::check_called() {
    resumed();
    if (refused_) raise_pool_ended();
}

void pool_wait::withdraw() noexcept {
    if (submitted() && !pool_->take_back(*this)) wait_until_handed_over();
}

}  // namespace detail

}  // namespace girin
