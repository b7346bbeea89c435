// The loop's I/O: Asio's io_context and its reactor, behind types without Asio. Only reactor.cpp names asio::detail.
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>

namespace boost::asio {
class io_context;
}

namespace girin::detail {

class reactor {
 public:
    reactor();
    ~reactor();

    // Around everything that a running loop does, on one thread.
    void enter();
    void leave() noexcept;
    // Waits at most so long (-1: without end, 0: not at all) for I/O and completes what is ready: one operation, or
    // several, but not without end.
    void wait(long microseconds);
    // Ends a wait(), or the next one if none is under way. From any thread, and async-signal-safe.
    void interrupt() noexcept;
    // Operations under way: those that wait for a descriptor, and Asio's own.
    std::size_t awaited() const noexcept { return awaited_; }
    void operation_started() noexcept { ++awaited_; }
    void operation_finished() noexcept { --awaited_; }

    boost::asio::io_context& context() noexcept;

    struct impl;

 private:
    friend class descriptor;
    std::unique_ptr<impl> impl_;
    std::size_t awaited_ = 0;
};

enum class io_attempt {
    again,      // nothing could be done yet
    done,       // done, and there may be more to do at once
    exhausted,  // done, and the next attempt would find nothing until the kernel reports a new edge
};

// One read or write that waits for its descriptor. Used again and again; one that is destroyed while armed() is
// forgotten.
class io_op {
 public:
    io_op() noexcept = default;
    io_op(const io_op&) = delete;
    io_op& operator=(const io_op&) = delete;

    bool armed() const noexcept { return armed_; }

 protected:
    virtual ~io_op();

    // Tries the system call; runs inside the reactor, whenever the descriptor may be ready.
    virtual io_attempt attempt() noexcept = 0;
    // The attempt succeeded, or the operation was cancelled (std::errc::operation_canceled). In the turn's I/O phase.
    virtual void complete(std::error_code error) = 0;

 private:
    friend class descriptor;
    struct bridge;
    bridge* bridge_ = nullptr;  // what Asio knows of it, made at the first start
    bool armed_ = false;
};

// An open file descriptor that the reactor watches, edge-triggered. Owns it. Must not outlive its loop.
class descriptor {
 public:
    descriptor() noexcept = default;
    // Takes over a non-blocking descriptor and registers it with the running loop. Throws std::system_error.
    explicit descriptor(int fd);
    descriptor(descriptor&& other) noexcept;
    descriptor& operator=(descriptor&& other) noexcept;
    ~descriptor();  // closes

    int fd() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

    // Tries the operation at once, unless the last attempt left nothing, else when the descriptor becomes ready.
    // complete() follows later, never inside this call. One read and one write at a time.
    void start_read(io_op& op);
    void start_write(io_op& op);
    // Completes what is armed with operation_canceled, later.
    void cancel() noexcept;
    // Cancels, stops watching and closes.
    void close() noexcept;

 private:
    void start(int kind, io_op& op);

    int fd_ = -1;
    void* state_ = nullptr;
    reactor* reactor_ = nullptr;
};

}  // namespace girin::detail
