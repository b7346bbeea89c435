// Writing to a pipe whose reader is gone, as an error and nothing more.
#pragma once

#include <signal.h>

#include <ctime>

namespace girin::detail {

// The kernel sends SIGPIPE to the thread that writes to a pipe without a reader. It is taken back, unless one was
// pending before.
class no_sigpipe {
 public:
    no_sigpipe() noexcept {
        sigset_t pending;
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    no_sigpipe(const no_sigpipe&) = delete;
    no_sigpipe& operator=(const no_sigpipe&) = delete;
    ~no_sigpipe() {
        const timespec at_once = {};
        if (raised && !was_pending_) sigtimedwait(&sigpipe_, nullptr, &at_once);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    bool raised = false;

 private:
    sigset_t sigpipe_;
    sigset_t before_;
    bool was_pending_;
};

}  // namespace girin::detail
