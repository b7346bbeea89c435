// barrier: a place where tasks meet, and go on when all are there (asyncio.Barrier).
#pragma once

#include <girin/condition.hpp>
#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>

#include <cstddef>
#include <stdexcept>

namespace girin {

// A barrier was reset or aborted while tasks waited at it (asyncio.BrokenBarrierError).
class GIRIN_EXPORT broken_barrier_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
    broken_barrier_error(const broken_barrier_error&) = default;
    ~broken_barrier_error() override;
};

namespace detail {

class GIRIN_EXPORT barrier_core : public counted<barrier_core> {
 public:
    explicit barrier_core(std::ptrdiff_t n);

    static coro<std::size_t> wait(ref<barrier_core> core);
    static coro<void> reset(ref<barrier_core> core);
    static coro<void> abort(ref<barrier_core> core);
    std::size_t n_waiting() const noexcept { return state_ == state::filling ? count_ : 0; }
    bool broken() const noexcept { return state_ == state::broken; }

    const std::size_t parties;

 private:
    // filling: tasks wait for the last one. draining: all were there, and leave. resetting: they leave with an
    // exception. In both, newcomers wait until the last one has left, and the barrier is filling again. broken: until
    // reset().
    enum class state : unsigned char { filling, draining, resetting, broken };
    class visit;

    condition changed_;
    state state_ = state::filling;
    std::size_t count_ = 0;  // tasks that are in the barrier
};

}  // namespace detail

// Tasks wait until a given number of them do; then all go on, and it can be used again. Copies mean the same barrier,
// which lives as long as somebody has one or waits at it. Not thread-safe, and of one loop only: a task of another loop
// that would have to wait gets a std::runtime_error.
class barrier {
 public:
    // std::invalid_argument when the number is less than 1.
    explicit barrier(std::ptrdiff_t parties) : core_(new detail::barrier_core(parties)) {}
    barrier(const barrier&) noexcept = default;
    barrier& operator=(const barrier&) noexcept = default;

    // Waits until as many tasks wait as there are parties, and returns which of them this one is: 0 was first, and the
    // last does not wait for others. broken_barrier_error when it is reset or aborted. A task that is cancelled does
    // not count any more, and the others wait on.
    GIRIN_CORO_WRAPPER coro<std::size_t> wait() const { return detail::barrier_core::wait(core_); }
    // Sends those who wait away with broken_barrier_error; afterwards the barrier is as new. Waits for its lock.
    GIRIN_CORO_WRAPPER coro<void> reset() const { return detail::barrier_core::reset(core_); }
    // Sends those who wait, and all who come until reset(), away with broken_barrier_error. Waits for its lock.
    GIRIN_CORO_WRAPPER coro<void> abort() const { return detail::barrier_core::abort(core_); }

    std::size_t parties() const noexcept { return core_->parties; }
    // How many have come and wait for the others; 0 while they leave.
    std::size_t n_waiting() const noexcept { return core_->n_waiting(); }
    bool broken() const noexcept { return core_->broken(); }

 private:
    detail::ref<detail::barrier_core> core_;
};

}  // namespace girin
