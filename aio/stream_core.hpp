// What the reader and the writer of a stream share: the transport and the bytes in both directions.
#pragma once

#include "aio/transport.hpp"

#include <girin/coro.hpp>
#include <girin/event.hpp>
#include <girin/ref.hpp>
#include <girin/resource.hpp>
#include <girin/socket_address.hpp>
#include <girin/stream_writer.hpp>
#include <girin/timer_node.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace girin::detail {

class stream_core;

// A server, which wants to know when the connections that it has accepted are gone.
class stream_owner : public resource {
 public:
    virtual void stream_lost(stream_core& stream) noexcept = 0;
};

// Input is read when somebody waits for it, and stays here until it is taken, so that no cancelled read loses a byte.
// Output that the kernel does not take at once waits here. The connection is lost once, by close(), abort() or an
// error, and from then on the descriptor is closed.
class stream_core final : public resource {
 public:
    stream_core(std::unique_ptr<transport> t, std::size_t limit, socket_address own, socket_address peer);
    ~stream_core() override;

    void belongs_to(ref<stream_owner> owner) noexcept { owner_ = std::move(owner); }

    // Waits until there is more input, or its end, and then whoever asked has to look again. Raises the error that the
    // connection was lost with.
    static coro<void> more(ref<stream_core> stream);
    std::string_view unread() const noexcept { return std::string_view(input_).substr(taken_); }
    std::string take(std::size_t size);
    void drop(std::size_t size) noexcept;
    bool ended() const noexcept { return ended_; }
    std::size_t limit() const noexcept { return limit_; }

    void write(std::string_view bytes);
    void write_eof();
    void set_write_buffer_limits(std::size_t high, std::size_t low);
    static coro<void> drain(ref<stream_core> stream);
    void close();
    void abort() noexcept { lose({}); }
    bool closing() const noexcept { return closing_; }
    static coro<void> wait_closed(ref<stream_core> stream);

    const socket_address own;
    const socket_address peer;

 private:
    class output final : public io_op {
     public:
        explicit output(stream_core& s) noexcept : stream_(s) {}
        io_attempt attempt() noexcept override;
        void complete(std::error_code error) override;

     private:
        stream_core& stream_;
    };
    class alarm final : public timer_node {
     public:
        explicit alarm(stream_core& s) noexcept : stream_(s) {}
        void run() override { stream_.on_alarm(); }

     private:
        stream_core& stream_;
    };

    void unused() noexcept override;
    void loop_closed() noexcept override { lose({}); }

    bool receive() noexcept;
    transferred receive_piece() noexcept;
    void receive_last_pieces() noexcept;
    void settle_failure() noexcept;
    void raise_loss() const;
    std::size_t unsent() const noexcept { return output_.size() - sent_; }
    bool send_unsent() noexcept;
    void all_sent();
    void on_alarm();
    // The connection has ended, with an error or without.
    void lose(std::error_code why) noexcept;

    const std::unique_ptr<transport> transport_;
    const std::size_t limit_;
    ref<stream_owner> owner_;

    std::string input_;
    std::size_t taken_ = 0;  // of input_, from its beginning
    std::string output_;
    std::size_t sent_ = 0;  // of output_
    std::size_t high_water_ = 65'536;
    std::size_t low_water_ = 16'384;

    output sender_{*this};
    alarm alarm_{*this};
    event may_write_;  // set while no more waits than is reasonable
    event lost_;
    std::error_code error_;    // what it was lost with
    int failure_ = 0;          // what an attempt has met, and nobody has dealt with
    bool reading_ = false;     // somebody waits in more()
    bool ended_ = false;       // no more input follows
    bool eof_wanted_ = false;  // write_eof() was called
    bool closing_ = false;     // close() was called, or it is lost
    bool kept_ = false;        // refers to itself, until all is sent
    bool progressed_ = false;  // something was sent since the alarm was set
};

// A stream over a connected socket; TCP does not delay what is small.
ref<stream_core> open_socket_stream(std::unique_ptr<transport> connected, std::size_t limit);

inline connection handles_of(const ref<stream_core>& core) {
    const ref<resource> shared(core.get());
    return {stream_reader(shared), stream_writer(shared)};
}

}  // namespace girin::detail
