#include "server/worker/connection.hpp"

#include "aio/loop_core.hpp"
#include "server/worker/cycle.hpp"
#include "server/worker/service.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace girin::worker {

namespace {

// What an application left of a request is read and thrown away up to here, so that the connection can be kept.
constexpr std::uint64_t most_discarded = 65'536;
// For how long, and how much, a client is listened to after the last response, so that a reset does not destroy it.
constexpr auto linger_time = std::chrono::seconds(2);
constexpr std::size_t linger_bytes = 1 << 20;
// A response is sent before more pipelined requests are answered when so much of it waits.
constexpr std::size_t most_corked = 65'536;
// When the window behind a long head is smaller than this, the content gets a buffer of its own.
constexpr std::size_t least_room = 4'096;
// How long an idle client has for a request that is on its way when the worker drains.
constexpr auto drain_grace = std::chrono::milliseconds(500);

}  // namespace

// Suspends the connection's coroutine until resume(what).
struct connection::until {
    connection& c;
    wait what;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        c.suspended_ = coroutine;
        c.waits_for_ = what;
    }
    void await_resume() const noexcept {}
};

void connection::serve(service& s, girin::detail::descriptor socket, const peer_name& client, const address& local) {
    auto* c = new connection(s, std::move(socket), client, local);
    c->run_requests();
}

connection::connection(service& s, girin::detail::descriptor socket, const peer_name& client, const address& local)
    : service_(s), socket_(std::move(socket)), protocol_(s.limits), local_(local), client_(client) {
    service_.joined(*this);
}

connection::~connection() { service_.left(*this); }

detached connection::run_requests() {
    do {
        if (output_ && output_->ready().size() >= most_corked && !write()) co_await until{*this, wait::written};
        http1::event event = next_event();
        while (event.kind == http1::event_kind::need_data && !left_ && !expired_) {
            if (!write()) co_await until{*this, wait::written};
            enter(input_.unread().empty() ? phase::idle : phase::head);
            if (left_ || ended_input_) break;
            give_back_output();
            read_more();
            co_await until{*this, wait::read};
            event = next_event();
        }
        if (event.kind == http1::event_kind::failure) answer(event.refused.status, event.refused.reason);
        if (expired_ && phase_ == phase::head) answer(408, "the head of the request did not arrive in time");
        if (event.kind != http1::event_kind::head) break;

        begin_cycle();
        if (cycle_) co_await until{*this, wait::cycle_ended};
        while (protocol_.response_complete() && !protocol_.keep_alive() && !left_ && !expired_) {
            event = next_event();
            if (event.kind == http1::event_kind::body) continue;
            if (event.kind != http1::event_kind::need_data || protocol_.unread_body() > most_discarded) break;
            if (!write()) co_await until{*this, wait::written};
            enter(phase::content);
            if (left_ || ended_input_) break;
            read_more();
            co_await until{*this, wait::read};
        }
        finish_request();
    } while (protocol_.keep_alive() && !left_);

    if (!write()) co_await until{*this, wait::written};
    if (must_linger()) {
        ::shutdown(socket_.fd(), SHUT_WR);
        enter(phase::lingering);
        for (std::size_t heard = 0; heard < linger_bytes && !left_ && !ended_input_ && !expired_;) {
            input_.clear();
            read_more();
            co_await until{*this, wait::read};
            heard += input_.unread().size();
        }
    }
    while (reader_.armed() || (writer_ && writer_->armed())) {
        socket_.cancel();
        co_await until{*this, reader_.armed() ? wait::read : wait::written};
    }
    delete this;
}

http1::event connection::next_event() {
    if (!storage_) {
        if (input_.unread().empty()) return {http1::event_kind::need_data};
        storage_ = service_.storage.take();
    }
    http1::event event = protocol_.next(input_.unread(), *storage_);
    input_.consume(event.consumed);
    return event;
}

void connection::begin_cycle() {
    content_begin_ = input_.position();
    if (!output_) output_ = service_.outputs.take();
    ++requests_;
    if (service_.draining || requests_ == service_.options.most_requests) protocol_.close_after_response();
    phase_ = phase::handling;
    auto* c = new cycle(*this);
    cycle_ = c;
    c->start();
    if (!cycle_) return;
    write();
    watch();
}

void connection::cycle_ended() noexcept {
    cycle_ = nullptr;
    if (waits_for_ == wait::cycle_ended) girin::detail::loop_core::running().ready.push_back(*this);
}

void connection::run() { resume(wait::cycle_ended); }

void connection::resume(wait what) {
    if (waits_for_ != what) return;
    waits_for_ = wait::none;
    suspended_.resume();
}

bool connection::answer(int status, std::string_view reason) {
    if (!output_) output_ = service_.outputs.take();
    return protocol_.error_response(status, reason, service_.date(), *output_);
}

// The request's views end here, and so does what an idle connection need not hold.
void connection::finish_request() {
    if (head_bytes_) service_.heads.give_back(std::move(head_bytes_));
    if (!input_.unread().empty()) return;
    service_.storage.give_back(std::move(storage_));
    (input_.capacity() == service_.heads.buffer_size() ? service_.heads : service_.bodies).give_back(std::move(input_));
}

void connection::give_back_output() noexcept {
    if (output_ && output_->capacity() <= 2 * most_corked) service_.outputs.give_back(std::move(output_));
    output_.reset();
}

http1::event connection::read_content() {
    http1::event event = next_event();
    if (event.kind == http1::event_kind::need_data) {
        enter(phase::content);
        read_more();
    } else if (phase_ == phase::content) {
        phase_ = phase::handling;
    }
    return event;
}

// Whether there is room to read into. Without a request the unread bytes can go to the buffer's front; with one, the head
// in front of them has to stay where it is.
bool connection::make_room() {
    if (!input_ || !input_.free().empty()) return true;
    std::size_t begin = storage_ && cycle_ ? content_begin_ : 0;
    if (input_.position() > begin) input_.move_unread_to(begin);
    if (input_.capacity() - begin >= least_room && !input_.free().empty()) return true;
    if (input_.capacity() >= service_.bodies.buffer_size()) return !input_.free().empty();
    input_buffer larger = service_.bodies.take();
    larger.append(input_.unread());
    input_buffer smaller = std::exchange(input_, std::move(larger));
    if (begin != 0)
        head_bytes_ = std::move(smaller);
    else
        service_.heads.give_back(std::move(smaller));
    content_begin_ = 0;
    return true;
}

void connection::read_more() {
    if (make_room() && !reader_.armed()) socket_.start_read(reader_);
}

// Reads on behind what is there, without moving what the application may be looking at, to notice when the client leaves.
void connection::watch() {
    if (!left_ && !ended_input_ && !reader_.armed() && !input_.free().empty()) socket_.start_read(reader_);
}

girin::detail::io_attempt connection::reader::attempt() noexcept {
    using girin::detail::io_attempt;
    connection& c = connection_;
    bool took_buffer = !c.input_;
    if (took_buffer) c.input_ = c.service_.heads.take();
    std::span<char> room = c.input_.free();
    ssize_t got;
    do got = ::recv(c.socket_.fd(), room.data(), room.size(), 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        c.input_.filled(static_cast<std::size_t>(got));
        return static_cast<std::size_t>(got) < room.size() ? io_attempt::exhausted : io_attempt::done;
    }
    if (got < 0 && errno == EAGAIN) {
        if (took_buffer) c.service_.heads.give_back(std::move(c.input_));
        return io_attempt::again;
    }
    (got == 0 ? c.ended_input_ : c.left_) = true;
    return io_attempt::done;
}

void connection::reader::complete(std::error_code) { girin::detail::loop_core::running().ready.push_back(*this); }

void connection::reader::run() { connection_.on_read(); }

void connection::on_read() {
    if (waits_for_ == wait::read) return resume(wait::read);
    if (expired_) {
        answer(408, "the content of the request did not arrive in time");
        write();
    }
    bool gone = ended_input_ && (!service_.options.half_close || phase_ == phase::content);
    if (left_ || expired_ || gone) return client_left();
    if (!cycle_) return;
    cycle_->on_input();
    watch();
}

void connection::client_left() {
    left_ = true;
    if (cycle_) cycle_->client_left();
}

bool connection::write(http1::uncopied rest) {
    rest_ = rest;
    if (!output_ || left_) return true;
    if (try_write()) return true;
    enter(phase::writing);
    if (!writer_) writer_ = std::make_unique<writer>(*this);
    if (!writer_->armed()) socket_.start_write(*writer_);
    return false;
}

// Whether everything is with the kernel, or the client is gone.
bool connection::try_write() noexcept {
    for (;;) {
        std::string_view ready = output_->ready();
        iovec pieces[3];
        int count = 0;
        for (std::string_view piece : {ready, rest_.data, rest_.suffix})
            if (!piece.empty()) pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
        if (count == 0) return true;
        msghdr message = {};
        message.msg_iov = pieces;
        message.msg_iovlen = static_cast<std::size_t>(count);
        ssize_t sent = ::sendmsg(socket_.fd(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) return false;
            left_ = true;
            return true;
        }
        auto left = static_cast<std::size_t>(sent);
        std::size_t taken = std::min(left, ready.size());
        output_->consume(taken);
        left -= taken;
        for (std::string_view* piece : {&rest_.data, &rest_.suffix}) {
            taken = std::min(left, piece->size());
            piece->remove_prefix(taken);
            left -= taken;
        }
    }
}

girin::detail::io_attempt connection::writer::attempt() noexcept {
    connection& c = connection_;
    if (c.left_) return girin::detail::io_attempt::done;
    c.deadline_ = girin::detail::loop_core::running().time() + c.service_.options.write_timeout;
    return c.try_write() ? girin::detail::io_attempt::done : girin::detail::io_attempt::again;
}

void connection::writer::complete(std::error_code) { girin::detail::loop_core::running().ready.push_back(*this); }

void connection::writer::run() { connection_.on_written(); }

void connection::on_written() {
    if (expired_ && phase_ == phase::writing) left_ = true;
    if (phase_ == phase::writing) phase_ = phase::handling;
    if (waits_for_ == wait::written) return resume(wait::written);
    if (left_) return client_left();
    if (cycle_) cycle_->on_written();
}

void connection::tear() noexcept {
    left_ = true;
    rest_ = {};
    socket_.cancel();
}

// A request that is on its way is still answered, and its response says that it is the last (begin_cycle).
void connection::drain() {
    if (phase_ == phase::head) return;
    if (phase_ != phase::idle) return protocol_.close_after_response();
    auto soon = girin::detail::loop_core::running().time() + drain_grace;
    if (deadline_ > soon) alarm_.arm(deadline_ = soon);
}

void connection::abort() {
    left_ = true;
    socket_.cancel();
    if (cycle_) {
        cycle_->client_left();
        cycle_->cancel("the worker stops");
    }
}

// One timer serves every deadline. Extending a deadline costs nothing: the alarm goes off at the old one and is set again.
void connection::enter(phase p) {
    if (p == phase::head && phase_ == p) return;  // a head has one deadline, however slowly its bytes come
    phase_ = p;
    std::chrono::milliseconds allowed{};
    switch (p) {
        case phase::handling: return;
        case phase::idle: allowed = requests_ == 0 ? service_.options.head_timeout : service_.options.keep_alive; break;
        case phase::head: allowed = service_.options.head_timeout; break;
        case phase::content: allowed = service_.options.body_timeout; break;
        case phase::writing: allowed = service_.options.write_timeout; break;
        case phase::lingering: allowed = linger_time; break;
    }
    if (p == phase::idle && service_.draining) allowed = std::min(allowed, drain_grace);
    deadline_ = girin::detail::loop_core::running().turn_time() + allowed;
    if (!alarm_.armed() || alarm_.when() > deadline_) alarm_.arm(deadline_);
}

void connection::alarm::run() { connection_.on_alarm(); }

void connection::on_alarm() {
    if (phase_ == phase::handling) return;
    if (girin::detail::loop_core::running().time() < deadline_) return alarm_.arm(deadline_);
    expired_ = true;
    socket_.cancel();
}

// Closing while the client still sends makes the kernel reset the connection, and the client may lose the response.
bool connection::must_linger() noexcept {
    return !left_ && !ended_input_ && (!protocol_.keep_alive() || expired_) &&
           (!input_.unread().empty() || protocol_.unread_body() != 0);
}

}  // namespace girin::worker
