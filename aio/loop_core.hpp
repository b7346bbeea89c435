// What is inside a loop.
#pragma once

#include "aio/callback_list.hpp"
#include "aio/frame_pool.hpp"
#include "aio/reactor.hpp"
#include "aio/timer_heap.hpp"

#include <girin/loop.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace girin {
class thread_pool;
}

namespace girin::detail {

class generator_core;

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

    void run_forever();
    void stop() noexcept { stopping_ = true; }
    void advance(loop::duration step);
    void close();
    void require_open() const;

    // Queues the node from any thread and wakes the loop.
    void push_threadsafe(callback_node& node);
    // The pool of to_thread, made at first use.
    thread_pool& default_pool();
    void report(std::string message, std::exception_ptr exception, std::string task_name = {});

    loop& owner;
    const bool virtual_time;
    frame_pool frames;  // first in, last out: everything below may hold blocks of it
    callback_list ready;
    timer_heap timers;
    reactor io;
    task_core* current_task = nullptr;
    task_core* tasks = nullptr;               // not done, newest first
    generator_core* generators = nullptr;     // started and not finished, newest first
    std::atomic<std::size_t> pool_calls = 0;  // functions that pools run or have queued for this loop
    std::function<void(loop&, const exception_context&)> exception_handler;
    std::function<void()> on_interrupt;  // Ctrl-C, while run() has its handler installed
    std::atomic<bool> interrupted = false;
    bool is_running = false;
    bool closed = false;

 private:
    void turn();
    void poll();
    void wait_in_virtual_time();
    void take_inbox();
    void queue_due_timers();

    bool stopping_ = false;
    unsigned turns_since_poll_ = 0;
    loop::time_point turn_time_{};
    loop::time_point last_poll_{};
    loop::time_point virtual_now_{};
    std::mutex inbox_mutex_;
    callback_list inbox_;
    std::atomic<bool> inbox_filled_ = false;
    std::unique_ptr<thread_pool> default_pool_;
};

}  // namespace girin::detail
