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

using detail::pool_job;

struct thread_pool::state {
    std::mutex mutex;
    std::condition_variable work;
    std::condition_variable settled;  // a job that somebody withdraws has been run
    std::size_t withdrawing = 0;
    pool_job* first = nullptr;
    pool_job* last = nullptr;
    std::size_t queued = 0;
    std::size_t idle = 0;  // threads that wait for a job, or will when they have started
    std::size_t max_threads = 0;
    std::size_t max_queued = 0;
    bool stopping = false;
    std::string name;
    std::vector<std::thread> threads;

    void push(pool_job& job) noexcept;
    void remove(pool_job& job) noexcept;
    void start_thread();
    void serve(std::size_t number);
    void hand_over(pool_job& job) noexcept;
};

void thread_pool::state::push(pool_job& job) noexcept {
    job.stage_ = pool_job::stage::queued;
    job.previous_ = last;
    job.next_ = nullptr;
    (last ? last->next_ : first) = &job;
    last = &job;
    ++queued;
}

void thread_pool::state::remove(pool_job& job) noexcept {
    (job.previous_ ? job.previous_->next_ : first) = job.next_;
    (job.next_ ? job.next_->previous_ : last) = job.previous_;
    job.stage_ = pool_job::stage::out;
    --queued;
}

// Signals are the loop thread's business.
void thread_pool::state::start_thread() {
    struct signals_blocked {
        sigset_t before;
        signals_blocked() {
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before);
        }
        ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    } blocked;
    threads.emplace_back([this, number = threads.size()] { serve(number); });
    ++idle;
}

// Under the lock: whoever withdraws the job waits for it, and afterwards the job and its loop may be gone.
void thread_pool::state::hand_over(pool_job& job) noexcept {
    job.stage_ = pool_job::stage::out;
    job.loop_->push_pool_call(job.finished());
    if (withdrawing != 0) settled.notify_all();
}

void thread_pool::state::serve(std::size_t number) {
    pthread_setname_np(pthread_self(), (name + "_" + std::to_string(number)).substr(0, 15).c_str());
    std::unique_lock lock(mutex);
    for (;;) {
        work.wait(lock, [&] { return first || stopping; });
        if (stopping) return;
        --idle;
        pool_job& job = *first;
        remove(job);
        job.stage_ = pool_job::stage::running;
        lock.unlock();
        job.execute();
        lock.lock();
        hand_over(job);
        ++idle;
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
    std::lock_guard lock(state_->mutex);
    while (pool_job* job = state_->first) {
        state_->remove(*job);
        job->refuse();
        state_->hand_over(*job);
    }
}

bool thread_pool::try_submit(pool_job& job) {
    detail::loop_core& loop = detail::loop_core::running();
    {
        std::lock_guard lock(state_->mutex);
        if (state_->idle <= state_->queued && state_->threads.size() < state_->max_threads) {
            try {
                state_->start_thread();
            } catch (const std::system_error&) {
                if (state_->threads.empty()) throw;
            }
        }
        if (state_->queued >= state_->idle + state_->max_queued) return false;
        job.loop_ = &loop;
        loop.pool_calls.fetch_add(1);
        state_->push(job);
    }
    state_->work.notify_one();
    return true;
}

bool thread_pool::take_back(pool_job& job) noexcept {
    std::lock_guard lock(state_->mutex);
    if (job.stage_ != pool_job::stage::queued) return false;
    state_->remove(job);
    job.loop_->pool_calls.fetch_sub(1);
    return true;
}

void thread_pool::withdraw(pool_job& job) noexcept {
    if (take_back(job)) return;
    std::unique_lock lock(state_->mutex);
    ++state_->withdrawing;
    state_->settled.wait(lock, [&] { return job.stage_ == pool_job::stage::out; });
    --state_->withdrawing;
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
    if (!pool_) pool_ = &default_pool();
    suspend(caller);
    if (linked()) return;  // cancelled before it was submitted
    if (!pool_->try_submit(*this)) {
        refusal_ = refusal::full;
        wake();
    }
}

// The wait's own link may be in the inbox, which other threads change, unless the job was taken back.
bool pool_wait::cancel(const std::string& message) {
    if (started_ && !(submitted() && pool_->take_back(*this))) return false;
    return accept_cancel(message);
}

void pool_wait::check_called() {
    resumed();
    if (refusal_ == refusal::full) throw pool_full();
    if (refusal_ == refusal::ended) throw std::runtime_error("the thread pool ended before the function was called");
}

}  // namespace detail

}  // namespace girin
