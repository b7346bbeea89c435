// A connection of a `threads` worker. It waits on the loop for a request; a thread then has it, and serves it until it
// is idle. While an application runs, the loop has all but the socket, and the thread does what it is ordered.
#pragma once

#include "aio/reactor.hpp"
#include "server/worker/connection.hpp"
#include "server/worker/io_thread.hpp"

#include <girin/timer_node.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace girin::worker {

class thread_crew;

class threaded_connection final : public connection, private girin::detail::callback_node {
 public:
    // Deletes itself when either side has ended it. `local` must outlive it.
    static void serve(thread_crew& crew, girin::detail::descriptor socket, const peer_name& client,
                      const address& local);

    // A thread is free for it.
    void assign(io_thread& thread);

    void drain() override;
    void abort() override;
    executor* blocking() const noexcept override { return thread_; }
    http1::event read_content() override;
    bool write(http1::uncopied rest) override;
    bool flush() override;
    void tear() noexcept override;
    void cycle_ended() noexcept override;
    int socket() const noexcept override { return socket_.fd(); }

 private:
    friend class attendant;
    friend class io_thread;  // announces news by linking this

    enum class place : std::uint8_t { idle, queued, in_thread, lingering, closing };

    // Tells when there is something to read.
    class watcher final : public girin::detail::io_op, public girin::detail::callback_node {
     public:
        explicit watcher(threaded_connection& c) : connection_(c) {}
        void run() override { connection_.on_readable(); }

     private:
        girin::detail::io_attempt attempt() noexcept override;
        void complete(std::error_code) override;
        threaded_connection& connection_;
    };
    class alarm final : public girin::detail::timer_node {
     public:
        explicit alarm(threaded_connection& c) : connection_(c) {}
        void run() override { connection_.on_alarm(); }

     private:
        threaded_connection& connection_;
    };
    // Does in the next turn what must not be done in this one, or not before the application has had its own.
    class afterwards final : public girin::detail::callback_node {
     public:
        explicit afterwards(threaded_connection& c) : connection_(c) {}
        void run() override { connection_.go_on(); }

     private:
        threaded_connection& connection_;
    };

    threaded_connection(thread_crew& crew, girin::detail::descriptor socket, const peer_name& client,
                        const address& local);

    void await_request();
    void on_readable();
    void queue();
    void on_alarm();
    void send_last_answer();
    void linger();
    void drop_input();
    void close_later();
    void go_on_later();
    void go_on();
    void run() override;  // the thread has news
    void on_returned(visit ended);
    void on_written();
    void lose_client();

    thread_crew& crew_;
    girin::detail::descriptor socket_;
    io_thread* thread_ = nullptr;
    watcher watcher_{*this};
    alarm alarm_{*this};
    afterwards afterwards_{*this};
    http1::uncopied rest_;                          // what send left uncopied, until it is ordered
    std::unique_ptr<http1::byte_buffer> outgoing_;  // what the thread is writing
    std::string carried_;                           // what one thread has read and left for the next
    girin::detail::time_point head_deadline_{};     // of a head that has been read in part
    girin::detail::time_point discard_deadline_{};  // of content that nobody reads
    std::uint64_t discarded_ = 0;                   // bytes of it
    place place_ = place::idle;
    bool discards_ = false;  // the application has returned, and the rest of its request's content is to be thrown away
    bool reading_ = false;
    bool writing_ = false;
    bool finished_ = false;  // the client has sent its last byte
    bool aborted_ = false;
};

}  // namespace girin::worker
