// One thread of a `threads` worker: it moves the bytes of one connection at a time, and runs what blocks in its
// requests.
#pragma once

#include "aio/unique_fd.hpp"
#include "server/http1/byte_buffer.hpp"
#include "server/http1/request_storage.hpp"
#include "server/http1/response_writer.hpp"
#include "server/http1/server_fields.hpp"
#include "server/worker/request_buffer.hpp"

#include <girin/executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

namespace girin::worker {

class service;
class threaded_connection;

// What the loop wants of the thread while an application runs.
struct thread_orders {
    using time_point = std::chrono::steady_clock::time_point;

    std::span<char> read_into;            // not empty: read some bytes, before `read_until`
    time_point read_until{};              //
    http1::byte_buffer* write = nullptr;  // not null: write what is ready in it, and then the rest
    http1::uncopied rest;
    time_point write_until{};  // moved by write_timeout whenever the client takes something
    bool ended = false;        // the application has returned
    bool abort = false;        // end the connection; stays so
};

// How a thread leaves a connection: ended, to be ended once the client has had the last response, waiting for its
// client, or with a request that it has already read.
enum class visit : std::uint8_t { over, lingers, waits_for_client, waits_for_thread };

// What the thread has to say about its connection.
struct thread_news {
    bool head = false;           // a request's head has been read: its application is to be run
    std::size_t bytes_read = 0;  // of what was ordered
    bool input_ended = false;
    bool input_expired = false;
    bool written = false;   // what was ordered is with the kernel
    bool finished = false;  // the client has sent its last byte, and may have left
    bool left = false;      // it can be sent nothing any more
    bool returned = false;
    visit ended = visit::over;  // how it was returned
};

class io_thread final : public executor {
 public:
    using time_point = thread_orders::time_point;
    using lock = std::unique_lock<std::mutex>;

    // Starts the thread. In a running loop, whose connections it serves.
    io_thread(service& s, unsigned number);
    // Waits for what it does; what it has not begun is never called.
    ~io_thread() override;

    bool try_submit(girin::detail::pool_job& job) override;
    bool take_back(girin::detail::pool_job& job) noexcept override;

    // For the loop.

    // Serves a connection, until its news say that it is returned.
    void serve(threaded_connection& c);
    // Calls change(thread_orders&), and the thread looks at them.
    template <class Change>
    void order(Change change) {
        const lock held(mutex_);
        change(orders);
        wake();
    }
    // What has happened since the last call.
    thread_news take_news();

    // For the thread. The lock guards the orders and the news.

    [[nodiscard]] lock acquire() { return lock(mutex_); }
    // Runs one function that waits, without the lock; false when there is none.
    bool run_job(lock& held);
    // Waits without the lock until the socket is ready for one of the events, something has been ordered, or the time
    // is up, and returns what the socket is ready for.
    short wait(lock& held, int socket, short events, time_point until);
    // The loop looks at the news, of which there are some.
    void announce_news();

    thread_orders orders;
    thread_news news;

    // Whoever has the connection uses these: the loop while an application runs, else the thread.
    service& shared;
    buffer_pools pools;
    request_buffer input{pools};
    // Date and Server, as they are now; for the thread.
    const http1::server_fields& own_fields();

 private:
    void run(unsigned number);
    void wake() noexcept;

    http1::server_fields own_fields_;
    girin::detail::loop_core& loop_;
    std::mutex mutex_;
    unique_fd wake_;
    girin::detail::job_queue jobs_;
    threaded_connection* assigned_ = nullptr;  // to be served
    threaded_connection* serving_ = nullptr;
    bool announced_ = false;
    bool asleep_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace girin::worker
