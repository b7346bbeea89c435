#include "aio/watched_child.hpp"

#include "aio/loop_core.hpp"
#include "aio/reap.hpp"
#include "aio/signals_blocked.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace girin::detail {

namespace {

constexpr int reaped_by_somebody = 255;  // as in asyncio

// Signals are the loop thread's business.
template <class F>
void start_detached(F function) {
    const signals_blocked while_it_starts;
    std::thread(std::move(function)).detach();
}

// It may be a while until a process that is in the kernel notices that it was killed.
void reap_in_thread(pid_t pid) noexcept {
    try {
        start_detached([pid] { detail::reap(pid); });
    } catch (...) {  // no thread, or no memory for one
        detail::reap(pid);
    }
}

}  // namespace

// Tells the loop of the child's end, and reaps the child itself if the loop is closed by then.
class watched_child::waiting_thread final : public callback_node {
 public:
    static std::shared_ptr<waiting_thread> start(watched_child& watched, loop_core& loop) {
        auto self = std::make_shared<waiting_thread>(watched, loop);
        start_detached([self, pid = watched.pid_] { self->wait(pid); });
        loop.io.operation_started();
        return self;
    }

    waiting_thread(watched_child& watched, loop_core& loop) : child_(watched), loop_(&loop) {}

    // From now on it reaps the child by itself. False when the child has ended before: then the caller has to.
    bool take_over() noexcept {
        std::lock_guard lock(mutex_);
        loop_ = nullptr;
        return !ended_;
    }

 private:
    void wait(pid_t pid) noexcept {
        siginfo_t ended;
        while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
        }
        std::lock_guard lock(mutex_);
        ended_ = true;
        if (loop_)
            loop_->push_threadsafe(*this);  // in vain when the loop is being closed
        else
            detail::reap(pid);
    }
    void run() override {
        loop_->io.operation_finished();
        child_.reap();
        child_.on_end();
    }

    watched_child& child_;
    std::mutex mutex_;
    loop_core* loop_;  // null when it is closed
    bool ended_ = false;
};

watched_child::~watched_child() = default;

void watched_child::watch(pid_t pid) {
    pid_ = pid;
    try {
        if (const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); fd >= 0) {
            pidfd_ = descriptor(fd);
            pidfd_.start_read(wait_);
        } else {
            thread_ = waiting_thread::start(*this, *loop());
        }
    } catch (...) {
        ::kill(pid, SIGKILL);
        detail::reap(pid);
        throw;
    }
    add_ref();
}

// Whether it has ended.
bool watched_child::reap() noexcept {
    int status = 0;
    const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
    if (reaped == 0) return false;
    if (reaped < 0)
        returncode_ = reaped_by_somebody;
    else
        returncode_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

void watched_child::on_end() noexcept {
    pidfd_.close();
    ended_.set();
    release();
}

// A pidfd cannot mean anybody else, even if a stranger has reaped the child.
bool watched_child::try_signal(int signal) const noexcept {
    const long failed =
        pidfd_ ? ::syscall(SYS_pidfd_send_signal, pidfd_.fd(), signal, nullptr, 0) : ::kill(pid_, signal);
    return failed == 0;
}

void watched_child::send_signal(int signal) const {
    const bool running = !returncode_ && !ended_.is_set();
    if (running && try_signal(signal)) return;
    throw std::system_error(running ? errno : ESRCH, std::system_category(), "cannot send a signal to a process");
}

void watched_child::loop_closed() noexcept {
    if (pid_ < 0 || ended_.is_set()) return;
    if (!returncode_) {
        try_signal(SIGKILL);
        if (!thread_ || !thread_->take_over()) reap_in_thread(pid_);
    }
    on_end();
}

}  // namespace girin::detail
