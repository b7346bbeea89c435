// The signals that a loop handles: add_signal_handler's, and run()'s Ctrl-C.
#pragma once

#include <girin/context.hpp>

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace girin::detail {

class loop_core;

// The kernel's handler only notes the signal and wakes the loop, which queues the callback. A signal belongs to one
// loop of the process at a time.
class signal_handlers {
 public:
    struct handler {
        int signo;
        bool counts;  // whether a loop with virtual time has a reason to wait
        std::function<void()> callback;
        girin::context context;
        struct sigaction before;
    };

    explicit signal_handlers(loop_core& loop) noexcept : loop_(loop) {}
    signal_handlers(const signal_handlers&) = delete;
    signal_handlers& operator=(const signal_handlers&) = delete;
    ~signal_handlers() { remove_all(); }

    // Replaces this loop's former callback. Throws std::invalid_argument when there is no such signal,
    // std::runtime_error when it cannot be handled or has another handler.
    std::shared_ptr<const handler> add(int signo, std::function<void()> callback);
    // For run(), while it lasts: only the first signal, and a second one has its default action. Null when another loop
    // has it.
    std::shared_ptr<const handler> add_interrupt(std::function<void()> callback);
    // Gives the signal back the action that it had before. False when there is no callback.
    bool remove(int signo) noexcept;
    void remove(const void* one) noexcept;
    void remove_all() noexcept;

    bool awaited() const noexcept;
    bool arrived() const noexcept { return arrived_.load(std::memory_order_relaxed) != 0; }
    // Queues the callbacks of what has arrived.
    void queue_arrived();

    // Of the kernel's handler, in any thread.
    void note(int signo) noexcept;

 private:
    std::shared_ptr<const handler> install(handler made, int flags);
    void remove_at(std::size_t i) noexcept;

    loop_core& loop_;
    std::vector<std::shared_ptr<const handler>> handlers_;
    std::atomic<std::uint64_t> arrived_ = 0;  // a bit for each signal
};

}  // namespace girin::detail
