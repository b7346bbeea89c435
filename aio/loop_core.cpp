#include "aio/loop_core.hpp"

#include <girin/async_generator.hpp>
#include <girin/coro.hpp>
#include <girin/exceptions.hpp>
#include <girin/resource.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace girin::detail {

namespace {

constexpr unsigned max_turns_without_poll = 64;
constexpr auto max_time_without_poll = std::chrono::microseconds(100);

std::atomic<std::uint64_t> loops_so_far = 0;

[[gnu::tls_model("initial-exec")]] thread_local loop_core* current_loop = nullptr;

// Not inline, so that running() is no more than a load and a test.
[[noreturn, gnu::noinline]] void throw_no_loop() {
    throw std::runtime_error("no running event loop");
}

}  // namespace

loop_core::loop_core(loop& o, loop_options options)
    : owner(o),
      home(new loop_home{this}),
      gate(std::make_shared<loop_gate>(this)),
      number(loops_so_far.fetch_add(1, std::memory_order_relaxed) + 1),
      virtual_time(options.virtual_time),
      signals(*this),
      monitor(options.debug) {}

loop_core::~loop_core() {
    home->loop = nullptr;
    home->release();
}

loop_core* loop_core::current() noexcept {
    return current_loop;
}

loop_core& loop_core::running() {
    if (!current_loop) throw_no_loop();
    return *current_loop;
}

loop::time_point loop_core::time() const {
    return virtual_time ? virtual_now_ : loop::clock::now();
}

loop::time_point loop_core::time_after(std::chrono::nanoseconds delay) const {
    loop::time_point now = time();
    auto step = std::chrono::ceil<loop::duration>(delay);
    return step < loop::time_point::max() - now ? now + step : loop::time_point::max();
}

void loop_core::require_open() const {
    if (closed) throw std::runtime_error("Event loop is closed");
}

void loop_core::throw_wrong_thread() {
    throw wrong_thread_error(
        "Non-thread-safe operation invoked on an event loop other than the current one: other threads use "
        "call_soon_threadsafe or run_coroutine_threadsafe");
}

loop_core::running_scope::running_scope(loop_core& core) {
    core.require_open();
    if (current_loop == &core) throw std::runtime_error("This event loop is already running");
    if (current_loop) throw std::runtime_error("Cannot run the event loop while another loop is running");
    current_loop = &core;
    frame_pool::running = &core.frames;
    core.thread_context = &context_slot::of_thread();
    core.io.enter();
}

loop_core::running_scope::~running_scope() {
    current_loop->io.leave();
    frame_pool::running = nullptr;
    current_loop = nullptr;
}

void loop_core::run_forever() {
    running_scope running(*this);
    is_running = true;
    struct restore {
        loop_core& core;
        ~restore() { core.is_running = core.stopping_ = false; }
    } restore_on_exit{*this};
    do turn();
    while (!stopping_);
}

void loop_core::turn() {
    ++monitor.figures.turns;
    const bool timed_before = std::exchange(timed_, !timers.empty());
    bool waited_enough = ++turns_since_poll_ >= max_turns_without_poll;
    if (timed_) {
        const loop::time_point now = time();
        if (timed_before) monitor.turn_took(now - turn_time_);
        turn_time_ = now;
        waited_enough |= now - last_poll_ >= max_time_without_poll;
    }
    if (ready.empty() || stopping_ || waited_enough) poll();
    take_inbox();
    if (signals.arrived()) signals.queue_arrived();
    if (!timers.empty()) queue_due_timers();

    callback_list batch;
    batch.append(ready);
    struct put_back {
        callback_list& rest;
        callback_list& ready;
        ~put_back() { ready.prepend(rest); }
    } put_back_on_exit{batch, ready};
    while (callback_node* next = batch.pop_front()) {
        if (monitor.debug)
            monitor.run_timed(*this, *next);
        else
            next->run();
    }
}

bool loop_core::woken() const noexcept {
    return !ready.empty() || inbox_filled_.load(std::memory_order_acquire) || signals.arrived();
}

void loop_core::poll() {
    turns_since_poll_ = 0;
    if (woken() || stopping_) {
        wait_for_io(0);
    } else if (virtual_time) {
        wait_in_virtual_time();
    } else if (timers.empty()) {
        wait_for_io(-1);
    } else {
        using std::chrono::microseconds;
        constexpr auto longest = microseconds(std::chrono::hours(24));
        loop::time_point until = std::max(timers.earliest().when(), turn_time_);
        auto left = std::min(std::chrono::ceil<microseconds>(until - turn_time_), longest);
        wait_for_io(static_cast<long>(left.count()));
    }
    if (!timers.empty()) last_poll_ = turn_time_ = time();
}

// Time moves only when the program could not go on without it. What a pool finishes is in the inbox before it is off
// the count, so the count is read first.
void loop_core::wait_in_virtual_time() {
    bool awaiting = io.awaited() != 0 || pool_calls.load() != 0;
    wait_for_io(0);
    if (woken()) return;
    if (awaiting || io.awaited() != 0) {
        if (timers.empty() || timers.earliest().when() > virtual_now_) wait_for_io(-1);
    } else if (!timers.empty()) {
        virtual_now_ = std::max(virtual_now_, timers.earliest().when());
    } else if (signals.awaited()) {
        wait_for_io(-1);
    } else {
        throw std::logic_error("deadlock: nothing is ready, scheduled or awaited, so this loop would never wake");
    }
}

// Handlers of Asio's own operations run inside; what they throw is a callback's exception like any other.
void loop_core::wait_for_io(long microseconds) {
    try {
        io.wait(microseconds);
    } catch (const keyboard_interrupt&) {
        throw;
    } catch (...) {
        report("Exception in callback", std::current_exception());
    }
}

void loop_core::advance(loop::duration step) {
    if (!virtual_time) throw std::logic_error("only virtual time can be advanced");
    if (step < step.zero()) throw std::invalid_argument("time does not go backwards");
    virtual_now_ += step;
}

void loop_core::queue_due_timers() {
    while (!timers.empty() && timers.earliest().when() <= turn_time_) {
        timer_node& due = timers.earliest();
        timers.remove(due);
        monitor.timer_fired(due.when(), turn_time_);
        ready.push_back(due);
    }
}

// The loop is woken under the lock: it takes the lock before it runs the node, and so cannot be gone in between.
void loop_core::push_locked(callback_node& node) noexcept {
    if (current_loop == this) {
        ready.push_back(node);
    } else {
        inbox_.push_back(node);
        if (!inbox_filled_.exchange(true, std::memory_order_release)) io.interrupt();
    }
}

bool loop_core::push_threadsafe(callback_node& node) noexcept {
    std::lock_guard lock(inbox_mutex_);
    if (closed) return false;
    push_locked(node);
    return true;
}

void loop_core::take_over(pool_job& job) noexcept {
    std::lock_guard lock(inbox_mutex_);
    if (takes_jobs_) push_locked(job.finished());
    pool_calls.fetch_sub(1);
    job.submitted_.store(false, std::memory_order_release);
    job_taken_over_.notify_all();
}

void loop_core::take_over_and_forget(pool_job& job) noexcept {
    std::unique_lock lock(inbox_mutex_);
    job_taken_over_.wait(lock, [&] { return !job.submitted(); });
    if (callback_node& node = job.finished(); node.linked()) node.unlink();
}

void loop_core::empty_inbox() {
    std::lock_guard lock(inbox_mutex_);
    inbox_filled_.store(false, std::memory_order_relaxed);
    ready.append(inbox_);
}

thread_pool& loop_core::default_pool() {
    require_open();
    if (default_pool_ended_) throw std::runtime_error("Executor shutdown has been called");
    if (!default_pool_) default_pool_ = std::make_unique<thread_pool>(thread_pool::options());
    return *default_pool_;
}

void loop_core::set_default_pool(std::unique_ptr<thread_pool> pool) {
    if (default_pool_ended_) throw std::runtime_error("Executor shutdown has been called");
    if (default_pool_) throw std::runtime_error("the loop has a default executor already");
    if (!pool) throw std::invalid_argument("no executor");
    default_pool_ = std::move(pool);
}

thread_pool* loop_core::end_default_pool() noexcept {
    default_pool_ended_ = true;
    return default_pool_.get();
}

void loop_core::report(std::string message, std::exception_ptr exception, std::string task_name,
                       std::vector<std::source_location> call_stack) {
    owner.call_exception_handler(
        {std::move(message), std::move(exception), std::move(task_name), std::move(call_stack)});
}

// Frames must not die under a function that runs in a pool. That may wait for this loop, which does nothing any more,
// and so is told first.
void loop_core::close() {
    if (is_running) throw std::runtime_error("Cannot close a running event loop");
    if (closed) return;
    if (default_pool_ && default_pool_->has_this_thread())
        throw pool_deadlock("a thread of the loop's own pool cannot wait for that pool's end");
    {
        std::lock_guard lock(gate->mutex);
        gate->loop = nullptr;
    }
    {
        std::lock_guard lock(inbox_mutex_);
        closed = true;
        ready.append(inbox_);
    }
    ready.drop_all();
    task_core::drop_callbacks(*this);
    if (default_pool_) default_pool_->shutdown(cancel_futures);
    {
        std::lock_guard lock(inbox_mutex_);
        takes_jobs_ = false;
        ready.append(inbox_);
    }
    signals.remove_all();
    raising.clear();
    ready.drop_all();
    while (!timers.empty()) {
        timer_node& timer = timers.earliest();
        timers.remove(timer);
        timer.drop();
    }
    task_core::destroy_all(*this);
    generator_core::forget_all(*this);
    resource::close_all(*this);
    {
        // What is left runs for a generator that somebody else holds.
        std::unique_lock lock(inbox_mutex_);
        job_taken_over_.wait(lock, [this] { return pool_calls == 0; });
    }
    default_pool_.reset();
}

}  // namespace girin::detail
