#include "server/worker/acceptor.hpp"

#include "aio/io_wait.hpp"
#include "aio/loop_core.hpp"
#include "server/log/log.hpp"

#include <girin/sleep.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

namespace girin::worker {

namespace {

// Shows the peers that the clients who wait are theirs.
class taking_none {
 public:
    explicit taking_none(supervision::scoreboard_writer* board) : board_(board) {
        if (board_) board_->set_full(true);
    }
    taking_none(const taking_none&) = delete;
    taking_none& operator=(const taking_none&) = delete;
    ~taking_none() {
        if (board_) board_->set_full(false);
    }

 private:
    supervision::scoreboard_writer* board_;
};

// What accept(2) may say of the client that it would have returned, rather than of the listener.
bool concerns_one_client(int error) {
    for (int known :
         {ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM})
        if (error == known) return true;
    return false;
}

constexpr auto look_again = std::chrono::milliseconds(1);
constexpr auto wait_for_resources = std::chrono::milliseconds(100);

}  // namespace

acceptor::acceptor(service& s, const supervision::roster& peers, std::size_t most_connections, client_handler serve,
                   int listener)
    : service_(s), peers_(peers), most_connections_(most_connections), serve_(std::move(serve)), listener_(listener) {
    sockaddr_storage bound = {};
    socklen_t size = sizeof bound;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
    if (bound.ss_family == AF_UNIX) {
        const auto& path = reinterpret_cast<const sockaddr_un&>(bound);
        local_host_.assign(path.sun_path, ::strnlen(path.sun_path, sizeof path.sun_path));
        local_ = {local_host_, std::nullopt};
    } else {
        const peer_name name(bound);
        const std::optional<address> named = name.view();
        local_host_ = named ? std::string(named->host) : "";
        local_ = {local_host_, named ? named->port : std::nullopt};
    }
}

bool acceptor::is_full() const {
    return service_.connections() >= most_connections_;
}

bool acceptor::accept_one() {
    exhausted_.clear();
    sockaddr_storage from = {};
    for (;;) {
        socklen_t size = sizeof from;
        unique_fd socket(
            ::accept4(listener_.fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket) {
            try {
                serve_(std::move(socket), peer_name(from), local_);
                complained_ = false;
                return true;
            } catch (const std::exception& e) {
                exhausted_ = e.what();
                return false;
            }
        }
        if (errno == EINTR || concerns_one_client(errno)) continue;
        if (errno != EAGAIN) exhausted_ = std::strerror(errno);
        return false;
    }
}

bool acceptor::something_waits() const {
    pollfd queue = {listener_.fd(), POLLIN, 0};
    return ::poll(&queue, 1, 0) > 0;
}

coro<> acceptor::run() {
    for (;;) {
        // Edge-triggered: what waits has to be taken, or looked at again, until there is nothing.
        co_await girin::detail::io_wait(listener_, [this] { return something_waits(); });
        co_await accept_waiting(std::numeric_limits<std::size_t>::max());
    }
}

coro<> acceptor::finish(std::size_t most) {
    if (something_waits()) co_await accept_waiting(most);
}

coro<> acceptor::accept_waiting(std::size_t most) {
    for (std::size_t taken = 0; taken < most;) {
        if (is_full()) {
            const taking_none shown(service_.scoreboard);
            co_await service_.next_end();
        } else if (!peers_.may_accept(service_.connections(), girin::detail::loop_core::running().time())) {
            co_await sleep(look_again);
        } else if (accept_one()) {
            ++taken;
            continue;
        } else {
            if (exhausted_.empty()) break;
            if (!std::exchange(complained_, true)) log::error("Cannot accept a connection: " + exhausted_);
            const taking_none shown(service_.scoreboard);
            co_await sleep(wait_for_resources);
        }
        if (!something_waits()) break;
    }
}

}  // namespace girin::worker
