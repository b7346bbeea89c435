// The threads of a `threads` worker, and the connections that wait for one of them.
#pragma once

#include "aio/unique_fd.hpp"
#include "server/worker/io_thread.hpp"
#include "server/worker/peer_name.hpp"

#include <girin/address.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace girin::worker {

// On the loop. No connection may be left when it goes.
class thread_crew {
 public:
    thread_crew(service& s, std::size_t threads);
    thread_crew(const thread_crew&) = delete;
    thread_crew& operator=(const thread_crew&) = delete;

    void serve(unique_fd socket, const peer_name& client, const address& local);

    // For connections.

    service& shared() const noexcept { return service_; }
    // Gives the connection a thread, now or when one is free; first come, first served.
    void request_thread(threaded_connection& c);
    void withdraw(threaded_connection& c) noexcept;
    // The thread has no connection any more.
    void release(io_thread& thread);
    // Whether connections wait for a thread. From any thread.
    bool is_contended() const noexcept { return contended_.load(std::memory_order_relaxed); }

 private:
    service& service_;
    std::deque<threaded_connection*> waiting_;
    std::atomic<bool> contended_ = false;
    std::vector<io_thread*> free_;
    std::vector<std::unique_ptr<io_thread>> threads_;
};

}  // namespace girin::worker
