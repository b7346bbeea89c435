// One client: its socket, its buffers and its deadlines. Feeds an http1::protocol with what it reads, and runs a cycle for
// each request.
#pragma once

#include <girin/scope.hpp>
#include <girin/timer_node.hpp>

#include "aio/reactor.hpp"
#include "server/http1/protocol.hpp"
#include "server/worker/buffer_pool.hpp"
#include "server/worker/detached.hpp"
#include "server/worker/peer_name.hpp"

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace girin::worker {

class cycle;
class service;

class connection final : private girin::detail::callback_node {
 public:
    // Serves the client until either side ends it; the connection then deletes itself. `local` must outlive it.
    static void serve(service& s, girin::detail::descriptor socket, const peer_name& client, const address& local);

    // Ends it after the response under way. An idle client has a moment left for a request that may be on its way.
    void drain();
    // Ends it now, and cancels the request.
    void abort();

    // What follows is for the cycle that has the request.

    service& shared() const noexcept { return service_; }
    http1::protocol& protocol() noexcept { return protocol_; }
    const http1::request_head& head() const noexcept { return storage_->head; }
    std::optional<address> client() const noexcept { return client_.view(); }
    const address& local() const noexcept { return local_; }
    // Whether the client is gone: nothing can be sent any more.
    bool left() const noexcept { return left_; }
    http1::byte_buffer& output() noexcept { return *output_; }

    // The next piece of the request's content. Views into the buffer end with the next call. `need_data`: cycle::on_input
    // follows when there is more.
    http1::event read_content();
    // Gives output() and what did not fit in it to the kernel. False: it must wait, and cycle::on_written follows.
    bool write(http1::uncopied rest = {});
    // Forgets what waits to be written: the response is torn, so the connection ends.
    void tear() noexcept;
    // Puts an answer of the server's in the place of the application's; false when that has begun.
    bool answer(int status, std::string_view reason);
    // The application has returned.
    void cycle_ended() noexcept;

 private:
    enum class phase : std::uint8_t { handling, idle, head, content, writing, lingering };
    enum class wait : std::uint8_t { none, read, written, cycle_ended };

    // Receives into the connection's buffer, which it takes from the pool only when there are bytes.
    class reader final : public girin::detail::io_op, public girin::detail::callback_node {
     public:
        explicit reader(connection& c) : connection_(c) {}
        void run() override;

     private:
        girin::detail::io_attempt attempt() noexcept override;
        void complete(std::error_code) override;
        connection& connection_;
    };
    class writer final : public girin::detail::io_op, public girin::detail::callback_node {
     public:
        explicit writer(connection& c) : connection_(c) {}
        void run() override;

     private:
        girin::detail::io_attempt attempt() noexcept override;
        void complete(std::error_code) override;
        connection& connection_;
    };
    class alarm final : public girin::detail::timer_node {
     public:
        explicit alarm(connection& c) : connection_(c) {}
        void run() override;

     private:
        connection& connection_;
    };
    struct until;

    connection(service& s, girin::detail::descriptor socket, const peer_name& client, const address& local);
    ~connection() override;

    detached run_requests();
    http1::event next_event();
    void begin_cycle();
    void finish_request();
    void run() override;  // the cycle has ended
    void resume(wait what);

    bool make_room();
    void read_more();
    void watch();
    void give_back_output() noexcept;
    void on_read();
    bool try_write() noexcept;
    void on_written();
    void client_left();
    void enter(phase p);
    void on_alarm();
    bool must_linger() noexcept;

    service& service_;
    girin::detail::descriptor socket_;
    http1::protocol protocol_;
    std::unique_ptr<http1::request_storage> storage_;  // of the request under way
    std::unique_ptr<http1::byte_buffer> output_;
    cycle* cycle_ = nullptr;
    input_buffer input_;
    input_buffer head_bytes_;         // the head, when the rest of its request is read elsewhere
    std::size_t content_begin_ = 0;   // where in input_ the content's window begins
    http1::uncopied rest_;
    reader reader_{*this};
    std::unique_ptr<writer> writer_;  // made when the kernel first takes less than everything
    alarm alarm_{*this};
    std::chrono::steady_clock::time_point deadline_{};
    std::coroutine_handle<> suspended_;
    const address& local_;
    connection* next_ = nullptr;
    connection** link_ = nullptr;
    std::uint32_t requests_ = 0;
    phase phase_ = phase::handling;
    wait waits_for_ = wait::none;
    bool ended_input_ = false;  // the client has sent FIN
    bool left_ = false;
    bool expired_ = false;
    peer_name client_;

    friend class service;
};

}  // namespace girin::worker
