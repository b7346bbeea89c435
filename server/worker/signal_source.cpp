#include "server/worker/signal_source.hpp"

#include "aio/io_wait.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace girin::worker {

namespace {

int open_signalfd(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (int signo : signals) sigaddset(&set, signo);
    if (int error = pthread_sigmask(SIG_BLOCK, &set, nullptr)) throw std::system_error(error, std::system_category());
    int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::system_category(), "signalfd");
    return fd;
}

}  // namespace

signal_source::signal_source(std::initializer_list<int> signals) : fd_(open_signalfd(signals)) {}

coro<int> signal_source::next() {
    signalfd_siginfo info = {};
    co_await girin::detail::io_wait(fd_, [&] { return ::read(fd_.fd(), &info, sizeof info) == sizeof info; });
    co_return static_cast<int>(info.ssi_signo);
}

}  // namespace girin::worker
