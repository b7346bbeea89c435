// Blocks every signal in this thread: what it starts meanwhile begins with none of them.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace girin::detail {

class signals_blocked {
 public:
    signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;
    ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
    sigset_t before_;
};

}  // namespace girin::detail
