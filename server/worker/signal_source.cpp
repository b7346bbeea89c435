#include "server/worker/signal_source.hpp"

#include "aio/io_wait.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <system_error>

namespace girin::worker {

namespace {

// What the handler may touch.
std::atomic<std::uint64_t> arrived = 0;
std::atomic<int> wake = -1;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

void note(int signo) {
    const int error = errno;
    arrived.fetch_or(std::uint64_t{1} << signo);
    ::eventfd_write(wake.load(), 1);
    errno = error;
}

int open_eventfd() {
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::system_category(), "eventfd");
    return fd;
}

struct sigaction handled_by(void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    return action;
}

}  // namespace

signal_source::signal_source(std::initializer_list<int> signals) : fd_(open_eventfd()) {
    wake = fd_.fd();
    const struct sigaction action = handled_by(note);
    for (int signo : signals) {
        struct sigaction before;
        ::sigaction(signo, &action, &before);
        before_.emplace_back(signo, before);
    }
}

signal_source::~signal_source() {
    for (const auto& [signo, action] : before_) ::sigaction(signo, &action, nullptr);
    wake = -1;
}

coro<int> signal_source::next() {
    if (noted_ == 0)
        co_await girin::detail::io_wait(fd_, [this] {
            eventfd_t count;
            return ::eventfd_read(fd_.fd(), &count) == 0 && (noted_ |= arrived.exchange(0)) != 0;
        });
    const int signo = std::countr_zero(noted_);
    noted_ &= noted_ - 1;
    co_return signo;
}

void survive_broken_pipes() {
    const struct sigaction nothing = handled_by([](int) {});
    ::sigaction(SIGPIPE, &nothing, nullptr);
}

}  // namespace girin::worker
