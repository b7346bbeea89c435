// What is inside a loop.
#pragma once

#include "aio/loop_monitor.hpp"
#include "aio/reactor.hpp"
#include "aio/signal_handlers.hpp"
#include "aio/timer_heap.hpp"
#include "aio/traceback.hpp"

#include <girin/callback_list.hpp>
#include <girin/frame_pool.hpp>
#include <girin/loop.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace girin {
class thread_pool;
}

namespace girin::detail {

class generator_core;
class pool_job;
class resource;

// What the futures of a loop know of it. They may outlive the loop, and so count it.
struct loop_home {
    loop_core* loop;  // null when it is gone
    std::size_t references = 1;

    void release() noexcept {
        if (--references == 0) delete this;
    }
};

// What other threads know of a loop that may be gone.
struct loop_gate {
    std::mutex mutex;
    loop_core* loop;  // null once it is closed

    explicit loop_gate(loop_core* l) : loop(l) {}
};

struct wrong_thread_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] void throw_outside_task();

class loop_core {
 public:
    loop_core(loop& o, loop_options options);
    ~loop_core();

    // The loop that runs in this thread, or null.
    static loop_core* current() noexcept;
    // The same; throws std::runtime_error when there is none.
    static loop_core& running();

    loop::time_point time() const;
    // time() as it was when this turn looked, which costs nothing while a timer is armed.
    loop::time_point turn_time() {
        if (timers.empty()) turn_time_ = time();
        return turn_time_;
    }

    // Makes the loop the running one of this thread. Throws std::runtime_error when there is one already.
    class running_scope {
     public:
        explicit running_scope(loop_core& core);
        running_scope(const running_scope&) = delete;
        running_scope& operator=(const running_scope&) = delete;
        ~running_scope();
    };

    void run_forever();
    void stop() noexcept { stopping_ = true; }
    void advance(loop::duration step);
    // time() + delay, or the end of time if that is beyond it.
    loop::time_point time_after(std::chrono::nanoseconds delay) const;
    void close();
    void require_open() const;
    // In debug mode, that this is the thread in which the loop runs: wrong_thread_error.
    void require_own_thread() const {
        if (monitor.debug && is_running && current() != this) throw_wrong_thread();
    }

    // Queues the node from any thread and wakes the loop. False, and nothing happens, when the loop is closed.
    bool push_threadsafe(callback_node& node) noexcept;
    // Queues what other threads have pushed behind what is ready.
    void take_inbox() {
        if (inbox_filled_.load(std::memory_order_acquire)) empty_inbox();
    }
    // push_threadsafe for a job that an executor is done with. Afterwards the job and the loop may be gone.
    void take_over(pool_job& job) noexcept;
    // Waits until an executor is done with the job, which is then not in any queue.
    void take_over_and_forget(pool_job& job) noexcept;
    // The pool of to_thread, made at first use. std::runtime_error once it has been ended.
    thread_pool& default_pool();
    void set_default_pool(std::unique_ptr<thread_pool> pool);
    // It is given out no more, and lives as long as the loop is open. Null when there has been none.
    thread_pool* end_default_pool() noexcept;
    void report(std::string message, std::exception_ptr exception, std::string task_name = {},
                std::vector<std::source_location> call_stack = {});

    loop& owner;
    loop_home* const home;
    const std::shared_ptr<loop_gate> gate;
    const std::uint64_t number;  // from 1, and never used again
    const bool virtual_time;
    frame_pool frames;  // first in, last out: everything below may hold blocks of it
    callback_list ready;
    timer_heap timers;
    reactor io;
    signal_handlers signals;
    loop_monitor monitor;
    traceback raising;
    task_core* current_task = nullptr;
    context_slot* thread_context = nullptr;   // of what runs in no task, while the loop runs
    task_core* tasks = nullptr;               // not done, newest first
    generator_core* generators = nullptr;     // started and not finished, newest first
    resource* resources = nullptr;            // open, newest first
    std::atomic<std::size_t> pool_calls = 0;  // functions that pools run or have queued for this loop
    std::function<void(loop&, const exception_context&)> exception_handler;
    bool is_running = false;
    std::atomic<bool> closed = false;  // set under the inbox's mutex

 private:
    [[noreturn]] static void throw_wrong_thread();
    void turn();
    void poll();
    void wait_in_virtual_time();
    void wait_for_io(long microseconds);
    bool woken() const noexcept;
    void push_locked(callback_node& node) noexcept;
    void empty_inbox();
    void queue_due_timers();

    bool stopping_ = false;
    bool timed_ = false;  // turn_time_ is when this turn began, or when it had waited
    unsigned turns_since_poll_ = 0;
    loop::time_point turn_time_{};
    loop::time_point last_poll_{};
    loop::time_point virtual_now_{};
    std::mutex inbox_mutex_;
    callback_list inbox_;
    std::atomic<bool> inbox_filled_ = false;
    bool takes_jobs_ = true;  // guarded by the inbox's mutex; longer than others are taken
    std::condition_variable job_taken_over_;
    std::unique_ptr<thread_pool> default_pool_;
    bool default_pool_ended_ = false;
};

}  // namespace girin::detail
