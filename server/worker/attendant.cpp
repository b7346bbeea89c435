#include "server/worker/attendant.hpp"

#include "server/worker/bounds.hpp"
#include "server/worker/send_pieces.hpp"
#include "server/worker/service.hpp"
#include "server/worker/thread_crew.hpp"
#include "server/worker/threaded_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace girin::worker {

namespace {

using clock = std::chrono::steady_clock;

ssize_t receive(int fd, std::span<char> room) {
    ssize_t got;
    do got = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got;
}

}  // namespace

attendant::attendant(io_thread& thread, threaded_connection& c)
    : thread_(thread), connection_(c), socket_(c.socket_.fd()), options_(thread.shared.options) {}

visit attendant::serve() {
    visit ended = serve_requests();
    if (ended != visit::over) {
        leave_unread();
    } else if (flush()) {
        connection_.reset_at_end(false);
        if (!ended_input_ && connection_.must_be_heard(!thread_.input.unread().empty())) ended = visit::lingers;
    }
    thread_.input.drop_unread();
    thread_.input.end_request();
    return ended;
}

visit attendant::serve_requests() {
    http1::protocol& protocol = connection_.protocol_;
    take_carried();
    do {
        if (!connection_.discards_) {
            const http1::event event = next_head();
            if (event.kind == http1::event_kind::failure)
                connection_.answer_refused_head(event.refused, thread_.own_fields());
            if (event.kind == http1::event_kind::need_data && waits_) return visit::waits_for_client;
            if (event.kind != http1::event_kind::head) return visit::over;
            thread_.input.begin_request();
            attend();
        }
        if (!discard_content()) return visit::waits_for_client;
        thread_.input.end_request();
        has_served_ = true;
        if (!protocol.keep_alive() || connection_.gone_ || unreachable_) return visit::over;
    } while (!must_give_way());
    return flush() ? visit::waits_for_thread : visit::over;
}

// A client that pipelines without end does not keep the thread from those that wait: it gets in line behind them.
bool attendant::must_give_way() const {
    return connection_.crew_.is_contended() && !thread_.input.unread().empty();
}

// The beginning of a request, or whole ones; the connection brings them back.
void attendant::leave_unread() {
    const std::span<char> unread = thread_.input.unread();
    connection_.carried_.assign(unread.data(), unread.size());
}

void attendant::take_carried() {
    std::string_view rest = connection_.carried_;
    while (!rest.empty()) {
        thread_.input.make_room();
        const std::span<char> room = thread_.input.room();
        const std::size_t size = std::min(room.size(), rest.size());
        std::ranges::copy(rest.substr(0, size), room.begin());
        thread_.input.filled(size);
        rest.remove_prefix(size);
    }
    connection_.carried_.clear();
}

// A head, the failure that refuses it, or need_data: the client has to send more first, or is gone. No thread waits for
// a head, so that slow clients take none from the others.
http1::event attendant::next_head() {
    waits_ = false;
    if (connection_.output().ready().size() >= most_corked && !flush()) return {http1::event_kind::need_data};
    for (;;) {
        const http1::event event = next_event();
        if (event.kind != http1::event_kind::need_data || !flush()) return event;
        waits_ = has_served_ && connection_.crew_.is_contended();
        if (waits_) return event;
        const input result = read();
        waits_ = result == input::nothing;
        if (result != input::bytes) return event;
    }
}

http1::event attendant::next_event() {
    const std::span<char> unread = thread_.input.unread();
    if (unread.empty()) return {http1::event_kind::need_data};
    const http1::event event = connection_.protocol_.next(unread, *connection_.storage_);
    thread_.input.consume(event.consumed);
    return event;
}

// Throws away what the application has left of the request, so that the connection can be kept. False: the client has
// yet to send more of it, for which the loop waits.
bool attendant::discard_content() {
    connection_.discards_ = false;
    while (connection_.may_discard(connection_.discarded_)) {
        const http1::event event = next_event();
        connection_.discarded_ += event.consumed;
        if (event.kind != http1::event_kind::need_data) continue;
        if (!flush()) break;
        const input result = read();
        if (result == input::end) break;
        if (result == input::bytes) continue;
        connection_.discards_ = true;
        return false;
    }
    connection_.discarded_ = 0;
    return true;
}

// Reads some bytes, if there are any.
attendant::input attendant::read() {
    thread_.input.make_room();
    const ssize_t got = receive(socket_, thread_.input.room());
    if (got > 0) {
        thread_.input.filled(static_cast<std::size_t>(got));
        return input::bytes;
    }
    ended_input_ = got == 0 || errno != EAGAIN;
    thread_.input.give_back_unused();
    return ended_input_ ? input::end : input::nothing;
}

// Writes what is ready; false when the client cannot be reached any more.
bool attendant::flush() {
    http1::uncopied nothing_more;
    time_point until = clock::now() + options_.write_timeout;
    io_thread::lock held = thread_.acquire();
    while (!unreachable_ && !connection_.gone_) {
        const sent result = send_pieces(socket_, connection_.output(), nothing_more);
        if (result == sent::everything) return true;
        if (result == sent::something) until = clock::now() + options_.write_timeout;
        unreachable_ = result == sent::refused || thread_.orders.abort || until <= clock::now();
        if (!unreachable_ && !thread_.run_job(held)) thread_.wait(held, socket_, POLLOUT, until);
    }
    return false;
}

// Has the loop run the application, and does what that orders, until it has returned. The lock is held while the socket
// is read and written, which does not wait, so that the loop can take an order back at any time.
void attendant::attend() {
    io_thread::lock held = thread_.acquire();
    thread_.news.head = true;
    thread_.announce_news();
    thread_orders& orders = thread_.orders;
    for (watches_ = true;;) {
        if (orders.write) try_write(orders);
        if (orders.ended && !orders.write) break;
        if (!orders.read_into.empty()) try_read(orders);
        if (thread_.run_job(held)) continue;
        short events = 0;
        time_point until = time_point::max();
        if (orders.write) events |= POLLOUT, until = orders.write_until;
        if (!orders.read_into.empty()) events |= POLLIN, until = std::min(until, orders.read_until);
        if (watches_ && !options_.half_close) events |= POLLRDHUP;
        const bool looks = events != 0 || watches_;
        look_for_leaving(thread_.wait(held, looks ? socket_ : -1, events, until));
    }
    if (orders.abort) unreachable_ = true;  // a write may have been taken back in the middle of a response
    // What the loop has not heard yet it need not hear any more.
    thread_.input.filled(thread_.news.bytes_read);
    thread_.news = {};
    orders.read_into = {};
    orders.ended = false;
}

void attendant::try_read(thread_orders& orders) {
    const ssize_t got = receive(socket_, orders.read_into);
    if (got > 0) {
        thread_.news.bytes_read = static_cast<std::size_t>(got);
    } else if (got == 0 || errno != EAGAIN) {
        thread_.news.input_ended = ended_input_ = true;
    } else if (orders.read_until <= clock::now()) {
        thread_.news.input_expired = true;
    } else {
        return;
    }
    orders.read_into = {};
    thread_.announce_news();
}

void attendant::try_write(thread_orders& orders) {
    const sent result = send_pieces(socket_, *orders.write, orders.rest);
    if (result == sent::something) orders.write_until = clock::now() + options_.write_timeout;
    if (result == sent::everything)
        thread_.news.written = true;
    else if (result == sent::refused || orders.write_until <= clock::now())
        thread_.news.left = unreachable_ = true;
    else
        return;
    orders.write = nullptr;
    thread_.announce_news();
}

// What the client has sent before its last byte need not have been read.
void attendant::look_for_leaving(short ready) {
    if (!watches_ || (ready & (POLLRDHUP | POLLHUP | POLLERR)) == 0) return;
    watches_ = false;
    ((ready & (POLLHUP | POLLERR)) != 0 ? thread_.news.left : thread_.news.finished) = true;
    thread_.announce_news();
}

}  // namespace girin::worker
