// One process of a process_pool, as the pool sees it. pool_process_main.cpp is the other side.
#pragma once

#include "aio/unique_fd.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace girin::detail {

// How a process ended, as process_died has it.
struct process_end {
    int signal;  // 0 when it exited; -1 when somebody else has asked first
    int exit_status;
};

// Such as "was killed by SIGSEGV (Segmentation fault)".
std::string describe(process_end end);

// Used by the thread that made it, but for kill().
class pool_process {
 public:
    using clock = std::chrono::steady_clock;
    using deadline = std::optional<clock::time_point>;

    // Starts it. Throws process_pool_error.
    pool_process();
    pool_process(const pool_process&) = delete;
    pool_process& operator=(const pool_process&) = delete;
    // Kills it, and waits for its end.
    ~pool_process();

    // Between the constructor and end(), from any thread.
    void kill() const noexcept;

    // Whether it is there, and has nothing to say but that it is ready.
    bool idle() const;
    bool ready() const noexcept { return ready_; }
    // Waits for it to be ready. False when it has ended; process_pool_error when the time is up.
    bool become_ready(clock::time_point until);

    // False when it has ended.
    bool send(const std::string& message) const;
    // The same; process_pool_error when the message has more bytes than `most`, or the time is up.
    bool receive(std::string& message, std::size_t most, deadline until) const;

    // Waits for its end, which is near.
    process_end end();

    std::size_t calls = 0;  // that it has served

 private:
    struct sockets;
    explicit pool_process(sockets ends);

    bool has_ended(std::chrono::milliseconds patience) const;
    process_end reap() noexcept;
    bool send_bytes(std::string_view bytes) const;
    bool receive_bytes(std::string& bytes, std::size_t size, deadline until) const;
    bool wait_for(short events, deadline until) const;

    unique_fd socket_;
    int pid_;            // 0 when it has been waited for
    unique_fd process_;  // readable when it has ended; -1 where the kernel does not have such
    bool ready_ = false;
};

}  // namespace girin::detail
