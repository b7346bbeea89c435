#include "server/worker/async_connection.hpp"

#include "aio/loop_core.hpp"
#include "server/worker/bounds.hpp"
#include "server/worker/cycle.hpp"
#include "server/worker/ready_for.hpp"
#include "server/worker/send_pieces.hpp"
#include "server/worker/service.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace girin::worker {

using girin::detail::io_attempt;
using girin::detail::loop_core;

// Suspends the connection's coroutine until resume(what).
struct async_connection::until {
    async_connection& c;
    wait what;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        c.suspended_ = coroutine;
        c.waits_for_ = what;
    }
    void await_resume() const noexcept {}
};

void async_connection::serve(service& s, girin::detail::descriptor socket, const peer_name& client,
                             const address& local) {
    auto* c = new async_connection(s, std::move(socket), client, local);
    c->run_requests();
}

async_connection::async_connection(service& s, girin::detail::descriptor socket, const peer_name& client,
                                   const address& local)
    : connection(s, client, local), socket_(std::move(socket)), input_(s.buffers) {}

async_connection::~async_connection() {
    service_.storage.give_back(storage_);
    give_back(output_);
}

detached async_connection::run_requests() {
    do {
        if (output_ && output_->ready().size() >= most_corked && !flush()) co_await until{*this, wait::written};
        http1::event event = next_event();
        while (event.kind == http1::event_kind::need_data && !gone_ && !ended_input_ && !expired_) {
            if (!flush()) co_await until{*this, wait::written};
            if (gone_) break;
            enter(input_.unread().empty() ? phase::idle : phase::head);
            give_back(output_);
            read_more();
            co_await until{*this, wait::read};
            event = next_event();
        }
        if (event.kind == http1::event_kind::need_data && expired_ && phase_ == phase::head)
            event = {.kind = http1::event_kind::failure, .refused = {408, "The head did not arrive in time"}};
        if (gone_ || event.kind == http1::event_kind::need_data) break;
        service_.outputs.provide(output_);
        if (event.kind == http1::event_kind::failure) {
            answer_refused_head(event.refused, service_.own_fields());
            break;
        }

        if (begin_cycle()) co_await until{*this, wait::cycle_ended};
        for (std::uint64_t discarded = 0; may_discard(discarded);) {
            event = next_event();
            discarded += event.consumed;
            if (event.kind != http1::event_kind::need_data) continue;
            if (ended_input_ || expired_) break;
            if (!flush()) co_await until{*this, wait::written};
            if (gone_) break;
            enter(phase::discarding);
            read_more();
            co_await until{*this, wait::read};
        }
        finish_request();
    } while (protocol_.keep_alive() && !gone_);

    if (!flush()) co_await until{*this, wait::written};
    if (!gone_) reset_at_end(false);
    if (!broken_ && !ended_input_ && must_be_heard(!input_.unread().empty())) {
        ::shutdown(socket_.fd(), SHUT_WR);
        expired_ = false;
        enter(phase::lingering);
        while (!gone_ && !broken_ && !ended_input_ && !expired_) {
            input_.drop_unread();
            read_more();
            co_await until{*this, wait::read};
        }
    }
    gone_ = true;
    while (reader_.armed() || writing()) {
        socket_.cancel();
        co_await until{*this, reader_.armed() ? wait::read : wait::written};
    }
    delete this;
}

http1::event async_connection::next_event() {
    if (!storage_) {
        if (input_.unread().empty()) return {http1::event_kind::need_data};
        service_.storage.provide(storage_);
    }
    const http1::event event = protocol_.next(input_.unread(), *storage_);
    input_.consume(event.consumed);
    return event;
}

// Returns whether the application has suspended.
bool async_connection::begin_cycle() {
    input_.begin_request();
    phase_ = phase::handling;
    expired_ = false;
    start_cycle();
    if (!cycle_) return false;
    flush();
    watch();
    return true;
}

void async_connection::cycle_ended() noexcept {
    cycle_ = nullptr;
    if (waits_for_ == wait::cycle_ended && !linked()) loop_core::running().ready.push_back(*this);
}

// The cycle has ended, or a write has failed while it ran.
void async_connection::run() {
    if (cycle_) return cycle_->client_left();
    resume(wait::cycle_ended);
}

void async_connection::resume(wait what) {
    if (waits_for_ != what) return;
    waits_for_ = wait::none;
    suspended_.resume();
}

// The request's views end here, and so does what an idle connection need not hold.
void async_connection::finish_request() {
    input_.end_request();
    if (input_.unread().empty()) service_.storage.give_back(storage_);
}

http1::event async_connection::read_content() {
    const http1::event event = next_event();
    if (event.kind == http1::event_kind::need_data) {
        enter(phase::content);
        read_more();
    } else {
        phase_ = phase::handling;
    }
    return event;
}

void async_connection::read_more() {
    if (reader_.armed()) {
        // Without room it has passed over bytes that the kernel does not report a second time.
        if (std::exchange(lacks_room_, false)) socket_.cancel();
        return;
    }
    lacks_room_ = false;
    input_.make_room();
    socket_.start_read(reader_);
}

// Reads on behind what is there, without moving what the application may be looking at, to notice when the client
// leaves.
void async_connection::watch() {
    if (left() || broken_ || ended_input_ || reader_.armed() || reader_.linked()) return;
    lacks_room_ = !input_.make_room_behind();
    // A short read may have passed over a FIN, which the kernel does not report a second time.
    if (reader_.attempt() == io_attempt::again)
        socket_.start_read(reader_);
    else
        loop_core::running().ready.push_back(reader_);
}

io_attempt async_connection::reader::attempt() noexcept {
    async_connection& c = connection_;
    const std::span<char> room = c.input_.room();
    ssize_t got;
    do got = ::recv(c.socket_.fd(), room.data(), room.size(), 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        c.input_.filled(static_cast<std::size_t>(got));
        // With a read that left nothing, the next one is not tried before the kernel reports more: that saves a system
        // call for each request. It would also pass over a FIN that came with the bytes, so it is not done where that
        // matters.
        const bool between_requests = c.phase_ == phase::idle && c.requests_ != 0;
        return between_requests && static_cast<std::size_t>(got) < room.size() ? io_attempt::exhausted
                                                                               : io_attempt::done;
    }
    return c.read_nothing(got == 0);
}

// Not in attempt() itself, through which every request goes.
io_attempt async_connection::read_nothing(bool at_end) noexcept {
    const int error = errno;
    // So says the kernel also when there are bytes, and no room for them.
    if (at_end && input_.room().empty()) return look_behind_unread() ? io_attempt::done : io_attempt::again;
    input_.give_back_unused();
    if (!at_end && error == EAGAIN) return io_attempt::again;
    (at_end ? ended_input_ : broken_) = true;
    return io_attempt::done;
}

// Whether the client has left, as far as that can be told without reading: a FIN that is behind a closed window has not
// come.
bool async_connection::look_behind_unread() noexcept {
    const short ready = ready_for(socket_.fd(), service_.options.half_close ? 0 : POLLRDHUP);
    broken_ |= (ready & (POLLHUP | POLLERR)) != 0;
    ends_behind_unread_ |= (ready & POLLRDHUP) != 0;
    return broken_ || ends_behind_unread_;
}

void async_connection::operation::complete(std::error_code) {
    if (!linked()) loop_core::running().ready.push_back(*this);
}

void async_connection::reader::run() {
    connection_.on_read();
}

void async_connection::on_read() {
    if (broken_) lose_client();
    if (waits_for_ == wait::read) return resume(wait::read);
    if (!cycle_ || left()) return;
    if (ended_input_ && (!service_.options.half_close || phase_ == phase::content)) return lose_client();
    // An application that waits for content gets what is before the FIN.
    if (ends_behind_unread_ && phase_ != phase::content) return lose_client();
    if (expired_ && cycle_->awaits_input()) return cycle_->refuse({408, "The content did not arrive in time"});
    expired_ = false;
    phase_ = phase::handling;
    cycle_->on_input();
    watch();
}

void async_connection::lose_client() {
    if (std::exchange(gone_, true)) return;
    socket_.cancel();
    if (cycle_) cycle_->client_left();
}

bool async_connection::writing() const noexcept {
    return writer_ && writer_->armed();
}

bool async_connection::write(http1::uncopied rest) {
    if (gone_ || broken_) return true;
    if (!writer_) return try_write(rest);
    writer_->rest = rest;
    return flush();
}

bool async_connection::flush() {
    if (!output_ || gone_ || broken_) return true;
    if (writing()) return false;
    http1::uncopied nothing_more;
    return try_write(writer_ ? writer_->rest : nothing_more);
}

// Whether everything is with the kernel, or never will be.
bool async_connection::try_write(http1::uncopied& rest) {
    const sent result = send_pieces(socket_.fd(), *output_, rest);
    if (result == sent::refused) {
        gone_ = true;
        if (cycle_ && !linked()) loop_core::running().ready.push_back(*this);
        return true;
    }
    if (result == sent::everything) {
        if (writer_) writer_->deadline = {};
        return true;
    }
    if (!writer_) {
        writer_ = std::make_unique<writer>(*this);
        writer_->rest = rest;
    }
    if (result == sent::something || writer_->deadline == time_point())
        writer_->deadline = loop_core::running().turn_time() + service_.options.write_timeout;
    if (!alarm_.armed() || alarm_.when() > writer_->deadline) alarm_.arm(writer_->deadline);
    socket_.start_write(*writer_);
    return false;
}

io_attempt async_connection::writer::attempt() noexcept {
    async_connection& c = connection_;
    if (c.gone_ || c.broken_) return io_attempt::done;
    const sent result = send_pieces(c.socket_.fd(), *c.output_, rest);
    if (result == sent::refused) c.broken_ = true;
    if (result == sent::something) deadline = loop_core::running().time() + c.service_.options.write_timeout;
    return result == sent::something || result == sent::nothing ? io_attempt::again : io_attempt::done;
}

void async_connection::writer::run() {
    connection_.on_written();
}

void async_connection::on_written() {
    if (writing()) return;
    if (!gone_ && !broken_ && !flush()) return;  // it was cancelled for the sake of the reader
    if (broken_) lose_client();
    if (waits_for_ == wait::written) return resume(wait::written);
    if (cycle_ && !left()) cycle_->on_written();
}

void async_connection::tear() noexcept {
    gone_ = true;
    socket_.cancel();
}

// A response that has announced that the connection stays leaves room for one more request.
void async_connection::drain() {
    if (cycle_ && !protocol_.response_on_the_wire()) protocol_.close_after_response();
    if (phase_ != phase::idle && phase_ != phase::discarding) return;
    const auto soon = loop_core::running().time() + drain_grace;
    if (deadline_ > soon) alarm_.arm(deadline_ = soon);
}

void async_connection::abort() {
    tear();
    if (cycle_) cycle_->abort();
}

// One timer serves every deadline. Extending a deadline costs nothing: the alarm goes off at the old one and is set
// again.
void async_connection::enter(phase p) {
    // A head, and content that nobody reads, have one deadline, however slowly their bytes come.
    if ((p == phase::head || p == phase::discarding) && phase_ == p) return;
    phase_ = p;
    const connection_options& options = service_.options;
    std::chrono::milliseconds allowed{};
    switch (p) {
        case phase::handling:
            return;
        case phase::idle:
            allowed = requests_ == 0 ? options.head_timeout : options.keep_alive;
            if (service_.draining) allowed = std::min<std::chrono::milliseconds>(allowed, drain_grace);
            break;
        case phase::head:
            allowed = options.head_timeout;
            break;
        case phase::content:
            allowed = options.body_timeout;
            break;
        case phase::discarding:
            allowed = options.body_timeout;
            if (service_.draining) allowed = std::min<std::chrono::milliseconds>(allowed, drain_grace);
            break;
        case phase::lingering:
            allowed = linger_time;
            break;
    }
    deadline_ = loop_core::running().turn_time() + allowed;
    if (!alarm_.armed() || alarm_.when() > deadline_) alarm_.arm(deadline_);
}

void async_connection::alarm::run() {
    connection_.on_alarm();
}

void async_connection::on_alarm() {
    const time_point now = loop_core::running().time();
    time_point next = time_point::max();
    if (phase_ != phase::handling) {
        if (deadline_ <= now)
            expired_ = true;
        else
            next = deadline_;
    }
    if (writing()) {
        if (writer_->deadline <= now)
            broken_ = true;
        else
            next = std::min(next, writer_->deadline);
    }
    if (next != time_point::max()) alarm_.arm(next);
    if (expired_ || broken_) socket_.cancel();
}

}  // namespace girin::worker
