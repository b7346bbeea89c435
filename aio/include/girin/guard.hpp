// guard: holds a lock or a permit until the end of a block (what `async with lock:` is in Python).
#pragma once

#include <girin/export.hpp>

#include <utility>

namespace girin {

namespace detail {

// For a destructor that must not throw: tells the running loop's exception handler of the current exception.
GIRIN_EXPORT void report_failed_release() noexcept;

}  // namespace detail

// What `co_await x.acquire_guard()` gives: it releases x when it is destroyed, also by an exception or a cancellation.
// Keeps x alive. Move-only.
//
// asyncio's `async with` takes a body where girin has to await on the way out; to release is not to await, so a block
// and a destructor do, and the guard can be returned, stored, or given up early.
template <class Noun>
class [[nodiscard]] guard {
 public:
    // Takes over one acquire() of x.
    explicit guard(Noun acquired) : acquired_(std::move(acquired)) {}
    guard(guard&& other) noexcept : acquired_(other.acquired_), holds_(std::exchange(other.holds_, false)) {}
    // Releases what it held.
    guard& operator=(guard&& other) noexcept {
        guard taken(std::move(other));
        std::swap(acquired_, taken.acquired_);
        std::swap(holds_, taken.holds_);
        return *this;
    }
    // If somebody else has released it meanwhile, the exception of release() goes to the loop's exception handler.
    ~guard() {
        if (!holds_) return;
        try {
            acquired_.release();
        } catch (...) {
            detail::report_failed_release();
        }
    }

    // Releases now, and not again. Does nothing when it does not hold. Raises what x.release() raises.
    void release() {
        if (std::exchange(holds_, false)) acquired_.release();
    }
    // Whether the destructor will release.
    explicit operator bool() const noexcept { return holds_; }

 private:
    Noun acquired_;
    bool holds_ = true;
};

namespace detail {

// The wait of acquire_guard(), made of acquire()'s.
template <class Wait, class Noun>
class guarded final : public Wait {
 public:
    using value_type = guard<Noun>;
    using Wait::Wait;

    guard<Noun> await_resume() {
        Wait::await_resume();
        return guard<Noun>(Noun(this->core()));
    }
};

}  // namespace detail

}  // namespace girin
