// What acquire(), wait(), put(), get() and join() return.
#pragma once

#include <girin/coro.hpp>

#include <type_traits>
#include <utility>

namespace girin {

namespace detail {

// Something to be awaited once, or to be handed to create_task, gather or wait_for. Nothing happens before that. The
// wait itself is an object in the frame of the coroutine that awaits, so nothing is allocated.
template <class Wait>
class [[nodiscard]] operation {
 public:
    using value_type = typename Wait::value_type;

    explicit operation(typename Wait::start start) noexcept(std::is_nothrow_move_constructible_v<typename Wait::start>)
        : start_(std::move(start)) {}
    Wait operator co_await() && { return Wait(std::move(start_)); }

 private:
    typename Wait::start start_;
};

template <class Wait>
coro<typename Wait::value_type> as_coro(operation<Wait> what) {
    co_return co_await std::move(what);
}

}  // namespace detail

}  // namespace girin
