// A child process until it is reaped, without its streams.
#pragma once

#include "aio/reactor.hpp"

#include <girin/event.hpp>
#include <girin/resource.hpp>

#include <sys/types.h>

#include <memory>
#include <optional>

namespace girin::detail {

// Refers to itself until the child is reaped; nobody else may wait for it. It is told by a pidfd, and by a thread that
// waits where there are none (before Linux 5.3, in valgrind). SIGCHLD is the program's own business. When the loop is
// closed first, the child is killed, and a thread reaps it.
class watched_child final : public resource {
 public:
    watched_child() = default;
    ~watched_child() override;

    // Takes over a child that has just been started. Throws std::system_error when it cannot be watched; it has been
    // killed and reaped then.
    void watch(pid_t pid);

    pid_t pid() const noexcept { return pid_; }
    const std::optional<int>& returncode() const noexcept { return returncode_; }
    const event& ended() const noexcept { return ended_; }
    // Throws std::system_error.
    void send_signal(int signal) const;

 private:
    class pidfd_wait final : public io_op {
     public:
        explicit pidfd_wait(watched_child& c) noexcept : child_(c) {}

     private:
        io_attempt attempt() noexcept override { return child_.reap() ? io_attempt::done : io_attempt::again; }
        void complete(std::error_code) override { child_.on_end(); }

        watched_child& child_;
    };
    class waiting_thread;

    bool reap() noexcept;
    bool try_signal(int signal) const noexcept;
    void on_end() noexcept;
    void loop_closed() noexcept override;

    pid_t pid_ = -1;
    std::optional<int> returncode_;
    event ended_;
    descriptor pidfd_;
    pidfd_wait wait_{*this};
    std::shared_ptr<waiting_thread> thread_;
};

}  // namespace girin::detail
