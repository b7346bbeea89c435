#include "server/worker/thread_crew.hpp"

#include "server/worker/threaded_connection.hpp"

#include <algorithm>

namespace girin::worker {

thread_crew::thread_crew(service& s, std::size_t threads) : service_(s) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.push_back(std::make_unique<io_thread>(s, static_cast<unsigned>(i)));
        free_.push_back(threads_.back().get());
    }
}

void thread_crew::serve(unique_fd socket, const peer_name& client, const address& local) {
    threaded_connection::serve(*this, girin::detail::descriptor(socket.release()), client, local);
}

void thread_crew::request_thread(threaded_connection& c) {
    if (free_.empty()) {
        waiting_.push_back(&c);
        contended_.store(true, std::memory_order_relaxed);
        return;
    }
    io_thread& thread = *free_.back();
    free_.pop_back();
    c.assign(thread);
}

void thread_crew::withdraw(threaded_connection& c) noexcept {
    std::erase(waiting_, &c);
    contended_.store(!waiting_.empty(), std::memory_order_relaxed);
}

void thread_crew::release(io_thread& thread) {
    if (waiting_.empty()) {
        free_.push_back(&thread);
        return;
    }
    threaded_connection& next = *waiting_.front();
    waiting_.pop_front();
    contended_.store(!waiting_.empty(), std::memory_order_relaxed);
    next.assign(thread);
}

}  // namespace girin::worker
