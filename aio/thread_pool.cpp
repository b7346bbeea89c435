#include <girin/default_executor.hpp>
#include <girin/thread_pool.hpp>

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace girin {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds longest_idle_time = std::chrono::hours(24 * 365);

// Whose thread this is.
[[gnu::tls_model("initial-exec")]] thread_local const void* pool_of_this_thread = nullptr;

}  // namespace

pool_full::~pool_full() = default;
pool_deadlock::~pool_deadlock() = default;

struct thread_pool::state {
    // A place for a thread. It stays when its thread has left, and another one may have it.
    struct place {
        std::thread thread;
        std::thread before;  // that had the place; what it does at its very end may take a while
        std::condition_variable wake;
        place* next_asleep = nullptr;
        bool awake = true;
        bool left = false;
    };

    explicit state(const options& o)
        : max_threads(o.threads ? o.threads
                                : std::min<std::size_t>(32, std::max(1u, std::thread::hardware_concurrency()) + 4)),
          max_queued(o.queue),
          idle_time(std::min(o.idle_time, longest_idle_time)),
          name(o.name) {}

    const std::size_t max_threads;
    const std::size_t max_queued;
    const std::chrono::nanoseconds idle_time;
    const std::string name;

    std::mutex mutex;
    detail::job_queue queue;
    std::deque<place> places;
    place* asleep = nullptr;  // who went to sleep last comes first
    std::size_t threads = 0;  // that have not left
    std::size_t idle = 0;     // of them, wait for a job, or will when they have started
    bool stopping = false;
    bool refusing = false;  // what is queued is not called any more
    pool_figures so_far;
    std::mutex joining;

    void start_thread();
    void serve(place& own, std::size_t number);
    void run_next(std::unique_lock<std::mutex>& lock);
    bool sleep(place& own, std::unique_lock<std::mutex>& lock);
    // Who is to be woken, with the lock or without it; null when nobody sleeps.
    place* next_to_wake() noexcept;
    void stop(bool refuse_queued) noexcept;
};

// Signals are not blocked: programs that a function starts would inherit that. The kernel gives those of the process to
// its main thread as long as that takes them.
void thread_pool::state::start_thread() {
    auto free = std::find_if(places.begin(), places.end(), [](const place& p) { return p.left; });
    if (free == places.end()) {
        places.emplace_back().left = true;
        free = std::prev(places.end());
    }
    free->before = std::move(free->thread);
    try {
        free->thread = std::thread(
            [this, &own = *free, number = static_cast<std::size_t>(free - places.begin())] { serve(own, number); });
    } catch (...) {
        free->thread = std::move(free->before);
        throw;
    }
    free->left = false;
    ++threads;
    ++idle;
}

void thread_pool::state::serve(place& own, std::size_t number) {
    pthread_setname_np(pthread_self(), (name + "_" + std::to_string(number)).substr(0, 15).c_str());
    pool_of_this_thread = this;
    std::unique_lock lock(mutex);
    for (;;) {
        if (!queue.empty() && !refusing)
            run_next(lock);
        else if (stopping || !sleep(own, lock))
            break;
    }
    --idle;
    --threads;
    lock.unlock();
    if (own.before.joinable()) own.before.join();  // here, where neither a job nor a loop waits for it
    lock.lock();
    own.left = true;
}

void thread_pool::state::run_next(std::unique_lock<std::mutex>& lock) {
    detail::pool_job& job = queue.pop();
    auto waited = clock::now() - job.queued_at;
    --idle;
    ++so_far.called;
    so_far.waited += waited;
    so_far.longest_wait = std::max(so_far.longest_wait, waited);
    lock.unlock();
    job.call();
    lock.lock();
    ++idle;  // before the loop knows, and may submit the next
    job.hand_over();
}

// False when nobody has needed it for too long.
bool thread_pool::state::sleep(place& own, std::unique_lock<std::mutex>& lock) {
    own.awake = false;
    own.next_asleep = asleep;
    asleep = &own;
    if (own.wake.wait_for(lock, idle_time, [&] { return own.awake; })) return true;
    place** link = &asleep;
    while (*link != &own) link = &(*link)->next_asleep;
    *link = own.next_asleep;
    return false;
}

thread_pool::state::place* thread_pool::state::next_to_wake() noexcept {
    place* woken = asleep;
    if (woken) {
        asleep = woken->next_asleep;
        woken->awake = true;
    }
    return woken;
}

// No thread is started any more, so that the places do not change while it waits for them.
void thread_pool::state::stop(bool refuse_queued) noexcept {
    {
        std::lock_guard lock(mutex);
        stopping = true;
        refusing |= refuse_queued;
        while (place* woken = next_to_wake()) woken->wake.notify_one();
    }
    {
        std::lock_guard one_at_a_time(joining);
        for (place& p : places)
            if (p.thread.joinable()) p.thread.join();
    }
    for (;;) {
        std::unique_lock lock(mutex);
        if (queue.empty()) break;
        detail::pool_job& job = queue.pop();
        ++so_far.dropped;
        lock.unlock();
        job.refused();
        job.hand_over();
    }
}

thread_pool::thread_pool(const options& o) : state_(std::make_unique<state>(o)) {}

thread_pool::~thread_pool() {
    state_->stop(true);
}

void thread_pool::shutdown() {
    if (has_this_thread()) throw pool_deadlock("a thread of the pool cannot wait for its own end");
    state_->stop(false);
}

void thread_pool::shutdown(cancel_futures_t) {
    if (has_this_thread()) throw pool_deadlock("a thread of the pool cannot wait for its own end");
    state_->stop(true);
}

bool thread_pool::has_this_thread() const noexcept {
    return pool_of_this_thread == state_.get();
}

bool thread_pool::try_submit(detail::pool_job& job) {
    std::unique_lock lock(state_->mutex);
    if (state_->stopping) throw std::runtime_error("cannot schedule new functions after shutdown");
    if (state_->idle <= state_->queue.size() && state_->threads < state_->max_threads) {
        try {
            state_->start_thread();
        } catch (const std::system_error&) {
            if (state_->threads == 0) throw;
        }
    }
    if (state_->idle <= state_->queue.size() && has_this_thread())
        throw pool_deadlock("a function of this pool asks it for another one, and every thread of it is busy");
    const std::size_t queued = state_->queue.size();
    if (queued >= state_->idle && queued - state_->idle >= state_->max_queued) {
        ++state_->so_far.refused;
        return false;
    }
    job.queued_at = clock::now();
    job.accepted();
    state_->queue.push(job);
    state::place* woken = state_->next_to_wake();
    lock.unlock();
    if (woken) woken->wake.notify_one();
    return true;
}

bool thread_pool::take_back(detail::pool_job& job) noexcept {
    std::lock_guard lock(state_->mutex);
    if (!state_->queue.remove(job)) return false;
    ++state_->so_far.dropped;
    job.taken_back();
    return true;
}

pool_figures thread_pool::figures() const noexcept {
    std::lock_guard lock(state_->mutex);
    pool_figures now = state_->so_far;
    now.threads = state_->threads;
    now.most_threads = state_->max_threads;
    now.busy = state_->threads - state_->idle;
    now.queued = state_->queue.size();
    if (now.queued != 0) now.waiting = clock::now() - state_->queue.front().queued_at;
    return now;
}

namespace detail {

void raise_pool_ended() {
    throw std::runtime_error("the thread pool ended before it called the function");
}

void pool_wait::await_suspend(std::coroutine_handle<> caller) {
    if (!pool_) pool_ = &default_executor();
    suspend(caller);
    if (linked()) return;  // cancelled before it was submitted
    if (!pool_->try_submit(*this)) throw pool_full();
}

// Once the job is on its way this node's list may belong to another thread, unless the job is taken back.
bool pool_wait::cancel(const std::string& message) {
    if (!is_new() && !(submitted() && pool_->take_back(*this))) return false;
    return accept_cancel(message);
}

void pool_wait::loop_closed() noexcept {
    if (submitted()) pool_->take_back(*this);
}

void pool_wait::check_called() {
    resumed();
    if (refused_) raise_pool_ended();
}

// One that has been resumed is in nobody's hands. One that has not may be in a queue that other threads use, too.
void pool_wait::withdraw() noexcept {
    if (submitted() && pool_->take_back(*this)) return;
    if (submitted() || (suspended() && !is_new())) wait_and_forget();
}

}  // namespace detail

}  // namespace girin
