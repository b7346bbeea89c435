// A coroutine as a call graph shows it: which other it awaits, and where.
#pragma once

#include <girin/export.hpp>

#include <atomic>
#include <concepts>
#include <coroutine>
#include <exception>
#include <source_location>
#include <utility>

namespace girin::detail {

class held_frame;

// Destroys a suspended coroutine and what it awaits.
GIRIN_EXPORT void destroy_chain(std::coroutine_handle<> outermost) noexcept;

// The first base of every promise, so that of() finds it in any frame of ours. Links and places are kept while the
// program runs, not only when somebody looks: a loop that is stuck can then still be asked. The reader may be a signal
// handler that has interrupted this very thread, so that each change is one store, made when what it shows is true.
class call_frame {
 public:
    call_frame() noexcept = default;
    call_frame(const call_frame&) = delete;
    call_frame& operator=(const call_frame&) = delete;

    // Of a coroutine of ours. Its promise begins at the same distance whatever it is, as none is aligned more strictly.
    static call_frame& of(std::coroutine_handle<> coroutine) noexcept {
        return std::coroutine_handle<call_frame>::from_address(coroutine.address()).promise();
    }

    // Where it awaits, has last awaited, or begins.
    std::source_location where() const noexcept { return where_.load(std::memory_order_relaxed); }
    // The coroutine that it awaits; null when it runs itself or awaits something else.
    call_frame* callee() const noexcept { return callee_.load(std::memory_order_relaxed); }

    // From now on it runs on behalf of that coroutine, which is one of ours or a stranger, and is destroyed by the
    // holder, if there is one.
    template <class Promise>
    void called_by([[maybe_unused]] std::coroutine_handle<Promise> caller, held_frame* holder = nullptr) noexcept {
        holder_ = holder;
        if constexpr (std::derived_from<Promise, call_frame>) {
            caller_ = &caller.promise();
            std::atomic_signal_fence(std::memory_order_release);
            caller_->callee_.store(this, std::memory_order_relaxed);
        }
    }
    // It does so no longer.
    void left() noexcept {
        if (!caller_) return;
        caller_->callee_.store(nullptr, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_release);
        caller_ = nullptr;
    }
    // Who destroys it; null for the outermost, and for a generator.
    held_frame* holder() const noexcept { return holder_; }
    // This one's coroutine is going to be destroyed, and what it awaits may live on.
    void abandon_callee() noexcept {
        if (call_frame* awaited = callee()) awaited->left();
    }

    // The exception that leaves it now, which is noted as having done so.
    GIRIN_EXPORT std::exception_ptr raised() const noexcept;

    std::suspend_always initial_suspend(std::source_location here = std::source_location::current()) noexcept {
        is_at(here);
        return {};
    }
    template <class Awaitable>
    Awaitable&& await_transform(Awaitable&& awaited,
                                std::source_location here = std::source_location::current()) noexcept {
        is_at(here);
        return static_cast<Awaitable&&>(awaited);
    }

 protected:
    void is_at(std::source_location here) noexcept { where_.store(here, std::memory_order_relaxed); }

 private:
    friend void destroy_chain(std::coroutine_handle<> outermost) noexcept;

    std::atomic<call_frame*> callee_ = nullptr;
    call_frame* caller_ = nullptr;
    held_frame* holder_ = nullptr;
    std::atomic<std::source_location> where_;
};

}  // namespace girin::detail
