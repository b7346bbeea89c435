#include "server/worker/threaded_connection.hpp"

#include "aio/loop_core.hpp"
#include "server/http1/put.hpp"
#include "server/worker/bounds.hpp"
#include "server/worker/cycle.hpp"
#include "server/worker/ready_for.hpp"
#include "server/worker/send_pieces.hpp"
#include "server/worker/service.hpp"
#include "server/worker/thread_crew.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace girin::worker {

using girin::detail::io_attempt;
using girin::detail::loop_core;

void threaded_connection::serve(thread_crew& crew, girin::detail::descriptor socket, const peer_name& client,
                                const address& local) {
    auto* c = new threaded_connection(crew, std::move(socket), client, local);
    try {
        c->await_request();
    } catch (...) {
        delete c;
        throw;
    }
}

threaded_connection::threaded_connection(thread_crew& crew, girin::detail::descriptor socket, const peer_name& client,
                                         const address& local)
    : connection(crew.shared(), client, local), crew_(crew), socket_(std::move(socket)) {}

void threaded_connection::await_request() {
    place_ = place::idle;
    const auto now = loop_core::running().turn_time();
    if (discards_) {
        if (discard_deadline_ == girin::detail::time_point()) discard_deadline_ = now + service_.options.body_timeout;
        if (service_.draining) discard_deadline_ = std::min(discard_deadline_, now + drain_grace);
        alarm_.arm(discard_deadline_);
    } else if (carried_.empty()) {
        std::chrono::milliseconds allowed =
            requests_ == 0 ? service_.options.head_timeout : service_.options.keep_alive;
        if (service_.draining) allowed = std::min<std::chrono::milliseconds>(allowed, drain_grace);
        alarm_.arm(now + allowed);
    } else {
        if (head_deadline_ == girin::detail::time_point()) head_deadline_ = now + service_.options.head_timeout;
        alarm_.arm(head_deadline_);
    }
    socket_.start_read(watcher_);
}

io_attempt threaded_connection::watcher::attempt() noexcept {
    return ready_for(connection_.socket_.fd(), POLLIN) != 0 ? io_attempt::done : io_attempt::again;
}

void threaded_connection::watcher::complete(std::error_code) {
    loop_core::running().ready.push_back(*this);
}

void threaded_connection::on_readable() {
    if (place_ == place::closing) {
        delete this;
        return;
    }
    if (place_ == place::lingering) return drop_input();
    queue();
}

void threaded_connection::queue() {
    place_ = place::queued;
    alarm_.arm(loop_core::running().turn_time() + service_.options.head_timeout);
    crew_.request_thread(*this);
}

void threaded_connection::on_alarm() {
    if (place_ == place::queued) {
        crew_.withdraw(*this);
        if (discards_) return linger();  // its client has had its response
        service_.outputs.provide(output_);
        protocol_.begin_next();
        protocol_.close_after_response();
        constexpr header retry[] = {{"retry-after", "1"}};
        protocol_.error_response(503, "No thread was free in time", service_.own_fields(), *output_, retry);
        return send_last_answer();
    }
    if (place_ == place::idle && discards_) return linger();
    if (place_ == place::idle && !carried_.empty()) {
        service_.outputs.provide(output_);
        answer_refused_head({408, "The head did not arrive in time"}, service_.own_fields());
        return send_last_answer();
    }
    close_later();
}

void threaded_connection::send_last_answer() {
    http1::uncopied nothing_more;
    send_pieces(socket_.fd(), *output_, nothing_more);
    give_back(output_);
    linger();
}

// Closing while the client still sends would reset the connection, and it might lose the response.
void threaded_connection::linger() {
    place_ = place::lingering;
    ::shutdown(socket_.fd(), SHUT_WR);
    alarm_.arm(loop_core::running().turn_time() + linger_time);
    drop_input();
}

void threaded_connection::drop_input() {
    char unread[4096];
    ssize_t got;
    do got = ::recv(socket_.fd(), unread, sizeof unread, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return close_later();
    if (watcher_.armed() || watcher_.linked()) return;
    if (got > 0)
        loop_core::running().ready.push_back(watcher_);
    else
        socket_.start_read(watcher_);
}

void threaded_connection::close_later() {
    place_ = place::closing;
    if (watcher_.armed())
        socket_.cancel();
    else if (!watcher_.linked())
        go_on_later();
}

void threaded_connection::assign(io_thread& thread) {
    place_ = place::in_thread;
    alarm_.disarm();
    thread_ = &thread;
    service_.storage.provide(storage_);
    service_.outputs.provide(output_);
    service_.outputs.provide(outgoing_);
    thread.serve(*this);
}

// Several things may have happened, of which the first may be this request's head.
void threaded_connection::run() {
    const thread_news news = thread_->take_news();
    if (news.head && aborted_) {
        gone_ = true;
        go_on();  // NOLINT(clang-analyzer-cplusplus.NewDelete): deletes what is closing, and this has a thread
    } else if (news.head) {
        head_deadline_ = discard_deadline_ = {};
        start_cycle();
        if (cycle_) flush();
    }
    if (news.bytes_read != 0 || news.input_ended || news.input_expired) reading_ = false;
    if (cycle_ && news.written) on_written();
    if (cycle_ && news.input_expired && cycle_->awaits_input())
        cycle_->refuse({408, "The content did not arrive in time"});
    if (cycle_ && news.bytes_read != 0) cycle_->on_input();
    if (cycle_ && (news.input_ended || news.left)) lose_client();
    finished_ |= news.finished;
    if (cycle_ && finished_ && !writing_) go_on_later();
    if (news.returned) on_returned(news.ended);
}

void threaded_connection::on_returned(visit ended) {
    thread_crew& crew = crew_;
    if (carried_.empty() && !discards_) service_.storage.give_back(storage_);
    give_back(output_);
    give_back(outgoing_);
    io_thread& thread = *std::exchange(thread_, nullptr);
    if (ended == visit::over || aborted_)
        delete this;
    else if (ended == visit::lingers)
        linger();
    else if (ended == visit::waits_for_client)
        await_request();
    else
        queue();
    crew.release(thread);
}

http1::event threaded_connection::read_content() {
    if (reading_) return {http1::event_kind::need_data};
    request_buffer& input = thread_->input;
    const http1::event event = protocol_.next(input.unread(), *storage_);
    input.consume(event.consumed);
    if (event.kind == http1::event_kind::need_data) {
        reading_ = true;
        input.make_room();
        thread_->order([&](thread_orders& orders) {
            orders.read_into = input.room();
            orders.read_until = std::chrono::steady_clock::now() + service_.options.body_timeout;
        });
    }
    return event;
}

bool threaded_connection::write(http1::uncopied rest) {
    if (!gone_) rest_ = rest;
    return flush();
}

// What is ready is copied, because more may come to it while the thread writes.
bool threaded_connection::flush() {
    if (gone_) return true;
    if (writing_) return false;
    const std::string_view ready = output_->ready();
    if (ready.empty() && rest_.empty()) return true;
    outgoing_->hold(http1::put(outgoing_->room(ready.size()), ready));
    outgoing_->release();
    output_->consume(ready.size());
    writing_ = true;
    thread_->order([&](thread_orders& orders) {
        orders.write = outgoing_.get();
        orders.rest = std::exchange(rest_, {});
        orders.write_until = std::chrono::steady_clock::now() + service_.options.write_timeout;
    });
    return false;
}

void threaded_connection::on_written() {
    writing_ = false;
    if (flush()) cycle_->on_written();
}

void threaded_connection::tear() noexcept {
    gone_ = true;
    thread_->order([](thread_orders& orders) {
        orders.read_into = {};
        orders.write = nullptr;
    });
}

void threaded_connection::lose_client() {
    if (left()) return;
    tear();
    cycle_->client_left();
}

// The application's frame still lives, and must not see what the thread does next.
void threaded_connection::cycle_ended() noexcept {
    cycle_ = nullptr;
    go_on_later();
}

void threaded_connection::go_on_later() {
    if (!afterwards_.linked()) loop_core::running().ready.push_back(afterwards_);
}

// A client that has sent its last byte is told apart from one that has left by what it still takes, and by what it has
// sent before: it has left for an application that waits for anything else.
void threaded_connection::go_on() {
    if (place_ == place::closing) {
        delete this;
        return;
    }
    if (cycle_) {
        if (!writing_ && !reading_) lose_client();
        return;
    }
    reading_ = writing_ = finished_ = false;
    thread_->order([](thread_orders& orders) { orders.ended = true; });
}

// A response that has announced that the connection stays leaves room for one more request, and a request of which a
// part has come has the time that it had.
void threaded_connection::drain() {
    if (cycle_ && !protocol_.response_on_the_wire()) protocol_.close_after_response();
    if (place_ != place::idle) return;  // the rest is its thread's
    const bool has_begun = !discards_ && !carried_.empty();
    if (has_begun) return;
    const auto soon = loop_core::running().time() + drain_grace;
    if (discards_) discard_deadline_ = std::min(discard_deadline_, soon);
    if (alarm_.when() > soon) alarm_.arm(soon);
}

void threaded_connection::abort() {
    switch (place_) {
        case place::idle:
        case place::lingering:
            return close_later();
        case place::queued:
            crew_.withdraw(*this);
            return close_later();
        case place::in_thread:
            aborted_ = true;
            if (cycle_) {
                tear();
                cycle_->abort();
            }
            return thread_->order([](thread_orders& orders) {
                orders.abort = true;
                orders.read_into = {};
                orders.write = nullptr;
            });
        case place::closing:
            return;
    }
}

}  // namespace girin::worker
