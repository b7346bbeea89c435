#include "aio/stream_core.hpp"

#include "aio/io_wait.hpp"
#include "aio/loop_core.hpp"
#include "aio/native_address.hpp"

#include <girin/sleep.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

namespace girin::detail {

namespace {

// So long a peer may take nothing of what is left to be sent when a stream has been closed.
constexpr auto longest_standstill = std::chrono::seconds(30);
constexpr std::size_t piece = 65'536;

}  // namespace

stream_core::stream_core(std::unique_ptr<transport> t, std::size_t limit, socket_address o, socket_address p)
    : own(std::move(o)), peer(std::move(p)), transport_(std::move(t)), limit_(limit) {
    if (limit == 0) throw std::invalid_argument("the limit of a stream cannot be 0");
    may_write_.set();
}

stream_core::~stream_core() = default;

// The reactor cannot close a descriptor while it tries it.
void stream_core::settle_failure() noexcept {
    if (failure_ != 0) lose({failure_, std::system_category()});
}

void stream_core::raise_loss() const {
    if (error_) throw std::system_error(error_, "the connection was lost");
}

coro<void> stream_core::more(ref<stream_core> stream) {
    stream_core& s = *stream;
    s.settle_failure();
    s.raise_loss();
    if (s.ended_) co_return;
    s.require_running_loop();
    if (s.reading_) throw std::runtime_error("another task is already waiting for incoming data");
    struct only_reader {
        bool& reading;
        explicit only_reader(bool& r) noexcept : reading(r) { reading = true; }
        ~only_reader() { reading = false; }
    } only_reader(s.reading_);
    try {
        co_await io_wait(s.transport_->io, [&s] { return s.receive(); });
    } catch (const std::system_error&) {  // it was closed meanwhile
    }
    s.settle_failure();
    s.raise_loss();
    if (s.closing_) s.ended_ = true;
    if (s.ended_ && !s.transport_->duplex()) s.lose({});
}

bool stream_core::receive() noexcept {
    if (closing_) return true;
    const transferred got = receive_piece();
    if (got.error == EAGAIN) return false;
    if (got.error != 0) failure_ = got.error;
    if (got.bytes == 0 && got.error == 0) ended_ = true;
    return true;
}

transferred stream_core::receive_piece() noexcept {
    char room[piece];
    const transferred got = transport_->receive(room);
    try {
        input_.append(room, got.bytes);
    } catch (const std::bad_alloc&) {
        return {.bytes = 0, .error = ENOMEM};
    }
    return got;
}

// It can still be read; and TCP would answer bytes that nobody has read with a reset, over which the other side may
// lose what was sent to it.
void stream_core::receive_last_pieces() noexcept {
    for (int pieces = 0; pieces < 4; ++pieces) {
        const transferred got = receive_piece();
        if (got.bytes == 0) return;
    }
}

std::string stream_core::take(std::size_t size) {
    std::string taken(unread().substr(0, size));
    drop(taken.size());
    return taken;
}

// The front is moved over only when that costs less than was read since.
void stream_core::drop(std::size_t size) noexcept {
    taken_ += size;
    if (taken_ == input_.size()) {
        input_.clear();
        if (input_.capacity() > piece) std::string().swap(input_);
        taken_ = 0;
    } else if (taken_ > input_.size() / 2) {
        input_.erase(0, std::exchange(taken_, 0));
    }
}

void stream_core::write(std::string_view bytes) {
    require_running_loop();
    settle_failure();
    if (eof_wanted_) throw std::runtime_error("cannot write after write_eof()");
    if (closing_ || bytes.empty()) return;
    while (unsent() == 0 && !bytes.empty()) {
        const transferred gone = transport_->send(bytes);
        if (gone.error == EAGAIN) break;
        if (gone.error != 0) return lose({gone.error, std::system_category()});
        bytes.remove_prefix(gone.bytes);
    }
    if (bytes.empty()) return;
    output_.append(bytes);
    if (unsent() > high_water_) may_write_.clear();
    if (!sender_.armed()) transport_->io.start_write(sender_);
}

void stream_core::write_eof() {
    require_running_loop();
    if (closing_ || eof_wanted_) return;
    eof_wanted_ = true;
    if (!transport_->duplex()) return close();
    if (unsent() == 0) transport_->end_output();
}

void stream_core::set_write_buffer_limits(std::size_t high, std::size_t low) {
    if (low > high) throw std::invalid_argument("the low water mark is above the high one");
    high_water_ = high;
    low_water_ = low;
    if (unsent() > high_water_) may_write_.clear();
    if (unsent() <= low_water_) may_write_.set();
}

// Whether nothing is left to be tried.
bool stream_core::send_unsent() noexcept {
    while (unsent() != 0) {
        const transferred gone = transport_->send(std::string_view(output_).substr(sent_));
        if (gone.error == EAGAIN) return false;
        if (gone.error != 0) {
            failure_ = gone.error;
            return true;
        }
        progressed_ = true;
        sent_ += gone.bytes;
        if (sent_ > output_.size() / 2) output_.erase(0, std::exchange(sent_, 0));
        if (unsent() <= low_water_) may_write_.set();
    }
    return true;
}

io_attempt stream_core::output::attempt() noexcept {
    return stream_.send_unsent() ? io_attempt::done : io_attempt::again;
}

// A reader that was cancelled takes this operation with it.
void stream_core::output::complete(std::error_code) {
    const ref<stream_core> keep(&stream_);
    stream_.settle_failure();
    if (stream_.lost_.is_set()) return;
    if (stream_.unsent() == 0) return stream_.all_sent();
    stream_.transport_->io.start_write(*this);
}

void stream_core::all_sent() {
    if (output_.capacity() > piece) std::string().swap(output_);
    if (closing_) return lose({});
    if (eof_wanted_) transport_->end_output();
}

coro<void> stream_core::drain(ref<stream_core> stream) {
    stream_core& s = *stream;
    s.settle_failure();
    s.raise_loss();
    if (s.closing_) co_await sleep(std::chrono::seconds(0));
    if (s.lost_.is_set()) {
        s.raise_loss();
        throw std::system_error(ECONNRESET, std::system_category(), "the connection is closed");
    }
    co_await s.may_write_.wait();
    s.raise_loss();
}

void stream_core::close() {
    if (closing_) return;
    require_running_loop();
    closing_ = true;
    if (unsent() == 0) return lose({});
    if (transport_->duplex()) alarm_.arm(time_after(longest_standstill));  // a child that reads slowly is no stranger
    add_ref();
    kept_ = true;
    if (reading_) transport_->io.cancel();
}

void stream_core::on_alarm() {
    if (std::exchange(progressed_, false))
        alarm_.arm(time_after(longest_standstill));
    else
        lose(std::make_error_code(std::errc::timed_out));
}

coro<void> stream_core::wait_closed(ref<stream_core> stream) {
    co_await stream->lost_.wait();
    stream->raise_loss();
}

void stream_core::lose(std::error_code why) noexcept {
    if (lost_.is_set()) return;
    const ref<stream_core> keep(this);
    error_ = why;
    closing_ = true;
    if (!why) ended_ = true;
    alarm_.disarm();
    if (transport_->duplex()) receive_last_pieces();
    transport_->io.close();
    std::string().swap(output_);
    sent_ = 0;
    may_write_.set();
    lost_.set();
    if (const ref<stream_owner> owner = std::move(owner_)) owner->stream_lost(*this);
    if (std::exchange(kept_, false)) release();
}

// What is left to be sent outlives the handles.
void stream_core::unused() noexcept {
    if (lost_.is_set()) {
        delete this;
        return;
    }
    const ref<stream_core> keep(this);
    if (!in_running_loop()) return lose({});
    try {
        close();
    } catch (...) {  // no memory for the alarm
        lose({});
    }
}

ref<stream_core> open_socket_stream(std::unique_ptr<transport> connected, std::size_t limit) {
    const int fd = connected->io.fd();
    socket_address own = own_name(fd), peer = peer_name(fd);
    const int yes = 1;
    if (own.family != address_family::local) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return ref<stream_core>(new stream_core(std::move(connected), limit, std::move(own), std::move(peer)));
}

}  // namespace girin::detail
