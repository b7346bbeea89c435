#include "aio/signal_handlers.hpp"

#include "aio/loop_core.hpp"
#include "aio/scheduled_call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace girin::detail {

namespace {

constexpr int last_signal = 64;
static_assert(NSIG == last_signal + 1);

std::array<std::atomic<signal_handlers*>, last_signal + 1> owners;
std::atomic<int> handlers_running = 0;  // a loop must not go away under one that runs in another thread

extern "C" void on_signal(int signo) {
    int error = errno;
    handlers_running.fetch_add(1);
    if (signal_handlers* owner = owners[static_cast<std::size_t>(signo)].load()) owner->note(signo);
    handlers_running.fetch_sub(1);
    errno = error;
}

std::atomic<signal_handlers*>& owner_of(int signo) {
    return owners[static_cast<std::size_t>(signo)];
}

// Returning from the handler of a fault would only cause it again.
bool is_fault(int signo) {
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL;
}

bool handled_by_others(int signo) {
    struct sigaction current = {};
    if (::sigaction(signo, nullptr, &current) != 0) return false;
    // Whatever the flags say: the kernel leaves those of a handler that it has reset (SA_RESETHAND).
    return current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN && current.sa_handler != on_signal;
}

}  // namespace

std::shared_ptr<const signal_handlers::handler> signal_handlers::add(int signo, std::function<void()> callback) {
    if (signo < 1 || signo > last_signal) throw std::invalid_argument("there is no signal " + std::to_string(signo));
    auto added =
        is_fault(signo) ? nullptr : install({signo, true, std::move(callback), copy_context(), {}}, SA_RESTART);
    if (!added) throw std::runtime_error("signal " + std::to_string(signo) + " cannot be handled by this loop");
    return added;
}

std::shared_ptr<const signal_handlers::handler> signal_handlers::add_interrupt(std::function<void()> callback) {
    return install({SIGINT, false, std::move(callback), copy_context(), {}}, static_cast<int>(SA_RESETHAND));
}

// Null when somebody else has the signal, or the kernel does not give it.
std::shared_ptr<const signal_handlers::handler> signal_handlers::install(handler made, int flags) {
    const int signo = made.signo;
    auto former = std::find_if(handlers_.begin(), handlers_.end(), [&](auto& h) { return h->signo == signo; });
    const bool replaces = former != handlers_.end();
    if (replaces) made.before = (*former)->before;
    auto added = std::make_shared<handler>(std::move(made));
    if (!replaces) {
        if (handled_by_others(signo)) return nullptr;
        handlers_.reserve(handlers_.size() + 1);
        signal_handlers* none = nullptr;
        if (!owner_of(signo).compare_exchange_strong(none, this)) return nullptr;
    }
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = flags;
    if (::sigaction(signo, &action, replaces ? nullptr : &added->before) != 0) {
        if (!replaces) owner_of(signo).store(nullptr);
        return nullptr;
    }
    if (replaces)
        *former = added;
    else
        handlers_.push_back(added);
    return added;
}

void signal_handlers::remove_at(std::size_t i) noexcept {
    auto removed = std::move(handlers_[i]);
    handlers_.erase(handlers_.begin() + static_cast<std::ptrdiff_t>(i));
    struct sigaction current = {};
    // A program that has set an action of its own since then keeps it.
    if (::sigaction(removed->signo, nullptr, &current) == 0 && current.sa_handler == on_signal)
        ::sigaction(removed->signo, &removed->before, nullptr);
    owner_of(removed->signo).store(nullptr);
    while (handlers_running.load() != 0) std::this_thread::yield();
}

bool signal_handlers::remove(int signo) noexcept {
    for (std::size_t i = 0; i < handlers_.size(); ++i) {
        if (handlers_[i]->signo != signo) continue;
        remove_at(i);
        return true;
    }
    return false;
}

void signal_handlers::remove(const void* one) noexcept {
    for (std::size_t i = 0; i < handlers_.size(); ++i)
        if (handlers_[i].get() == one) return remove_at(i);
}

void signal_handlers::remove_all() noexcept {
    while (!handlers_.empty()) remove_at(handlers_.size() - 1);
}

bool signal_handlers::awaited() const noexcept {
    return std::any_of(handlers_.begin(), handlers_.end(), [](auto& h) { return h->counts; });
}

void signal_handlers::note(int signo) noexcept {
    arrived_.fetch_or(std::uint64_t(1) << (signo - 1));
    loop_.io.interrupt();
}

void signal_handlers::queue_arrived() {
    const std::uint64_t arrived = arrived_.exchange(0);
    for (const auto& h : handlers_) {
        if (!(arrived >> (h->signo - 1) & 1)) continue;
        loop_.ready.push_back(*scheduled_call::make(loop_, [h] { h->callback(); }, h->context, std::source_location()));
    }
}

}  // namespace girin::detail
