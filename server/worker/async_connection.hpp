// A connection on the loop: its socket, its buffers and its deadlines. A coroutine feeds the protocol with what it
// reads and runs a cycle for each request.
#pragma once

#include "aio/reactor.hpp"
#include "server/worker/connection.hpp"
#include "server/worker/detached.hpp"
#include "server/worker/request_buffer.hpp"

#include <girin/timer_node.hpp>

#include <chrono>
#include <coroutine>

namespace girin::worker {

class async_connection final : public connection, private girin::detail::callback_node {
 public:
    // Serves the client until either side ends it; the connection then deletes itself. `local` must outlive it.
    static void serve(service& s, girin::detail::descriptor socket, const peer_name& client, const address& local);

    void drain() override;
    void abort() override;
    http1::event read_content() override;
    bool write(http1::uncopied rest) override;
    bool flush() override;
    void tear() noexcept override;
    void cycle_ended() noexcept override;

 private:
    // What the client is waited for with.
    enum class phase : std::uint8_t { handling, idle, head, content, discarding, lingering };
    enum class wait : std::uint8_t { none, read, written, cycle_ended };
    using time_point = std::chrono::steady_clock::time_point;

    // One direction of the socket.
    class operation : public girin::detail::io_op, public girin::detail::callback_node {
     public:
        explicit operation(async_connection& c) : connection_(c) {}

     protected:
        async_connection& connection_;

     private:
        void complete(std::error_code) override;
    };
    class reader final : public operation {
     public:
        using operation::operation;
        girin::detail::io_attempt attempt() noexcept override;
        void run() override;
    };
    class writer final : public operation {
     public:
        using operation::operation;
        http1::uncopied rest;      // what of the application's own is still to be written
        time_point deadline = {};  // by which the client must take something; {}: nothing waits to be written

     private:
        girin::detail::io_attempt attempt() noexcept override;
        void run() override;
    };
    class alarm final : public girin::detail::timer_node {
     public:
        explicit alarm(async_connection& c) : connection_(c) {}
        void run() override;

     private:
        async_connection& connection_;
    };
    struct until;

    async_connection(service& s, girin::detail::descriptor socket, const peer_name& client, const address& local);
    ~async_connection() override;

    detached run_requests();
    http1::event next_event();
    bool begin_cycle();
    void finish_request();
    void run() override;
    void resume(wait what);

    void read_more();
    void watch();
    [[gnu::noinline]] girin::detail::io_attempt read_nothing(bool at_end) noexcept;
    bool look_behind_unread() noexcept;
    void on_read();
    bool writing() const noexcept;
    bool try_write(http1::uncopied& rest);
    void on_written();
    void lose_client();
    int socket() const noexcept override { return socket_.fd(); }
    void enter(phase p);
    void on_alarm();

    girin::detail::descriptor socket_;
    request_buffer input_;
    reader reader_{*this};
    std::unique_ptr<writer> writer_;  // made when the kernel first takes less than everything
    alarm alarm_{*this};
    time_point deadline_{};  // of the phase
    std::coroutine_handle<> suspended_;
    phase phase_ = phase::handling;
    wait waits_for_ = wait::none;
    bool lacks_room_ = false;          // the reader that is armed has no room: it only notices that the client leaves
    bool ended_input_ = false;         // the client has sent FIN
    bool ends_behind_unread_ = false;  // the same, behind bytes that there was no room for
    bool broken_ = false;              // the socket has failed
    bool expired_ = false;             // the phase's deadline has passed
};

}  // namespace girin::worker
