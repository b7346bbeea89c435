// timeout and wait_for: bounds on how long something may take (asyncio.timeout, asyncio.wait_for).
#pragma once

#include <girin/coro.hpp>
#include <girin/future.hpp>
#include <girin/loop.hpp>
#include <girin/task.hpp>
#include <girin/timer_node.hpp>
#include <girin/wait.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace girin {

class timeout_scope;

namespace detail {

template <class Body>
GIRIN_CORO_WRAPPER auto call_body(Body& body, timeout_scope& scope) {
    if constexpr (std::invocable<Body&, timeout_scope&>)
        return body(scope);
    else
        return body();
}

}  // namespace detail

// A deadline around a body (asyncio.Timeout): when it passes while the body is suspended, the body sees cancelled_error
// there, and run() raises timeout_error once the body has ended. A body that never suspends is not interrupted.
class GIRIN_EXPORT timeout_scope {
 public:
    using time_point = loop::time_point;

    // Never expires, until reschedule() gives it a deadline.
    timeout_scope() : alarm_(*this) {}
    explicit timeout_scope(std::optional<time_point> when) : alarm_(*this), when_(when) {}

    // Runs the body, which is called as body() or body(timeout_scope&) and returns a coroutine, and returns its result.
    // Once only: a second time is a std::runtime_error.
    template <class Body>
    auto run(Body body) -> decltype(detail::call_body(body, *this)) {
        using T = typename decltype(detail::call_body(body, *this))::value_type;
        enter();
        detail::outcome<T> result;
        try {
            if constexpr (std::is_void_v<T>)
                co_await detail::call_body(body, *this);
            else
                result.set_value(co_await detail::call_body(body, *this));
        } catch (const cancelled_error&) {
            if (leave()) throw timeout_error(std::current_exception());
            throw;
        } catch (...) {
            leave();
            throw;
        }
        leave();
        co_return result.take();
    }

    // The deadline; nothing when it never expires.
    std::optional<time_point> when() const noexcept { return when_; }
    // Whether the deadline passed before the body ended.
    bool expired() const noexcept { return state_ == state::expired || state_ == state::expiring; }
    // Moves the deadline, or takes it away. std::runtime_error unless the body runs and the deadline has not passed.
    void reschedule(std::optional<time_point> when);

 private:
    enum class state { created, entered, expiring, expired, exited };
    struct alarm final : detail::timer_node {
        explicit alarm(timeout_scope& s) : scope(s) {}
        void run() override { scope.expire(); }
        timeout_scope& scope;
    };

    void enter();
    void set_alarm();
    void expire();
    // Whether a cancelled_error that leaves the body is this scope's doing.
    bool leave() noexcept;

    alarm alarm_;
    std::optional<time_point> when_;
    state state_ = state::created;
    any_task task_;
    unsigned cancelling_ = 0;
};

// Runs the body, at most until the deadline on the loop's clock; without end if there is none (asyncio.timeout_at).
// Raises timeout_error when it took longer. A body that takes the timeout_scope& can ask for the deadline, or move it.
template <class Body>
auto timeout_at(std::optional<loop::time_point> when, Body body)
    -> decltype(std::declval<timeout_scope&>().run(std::move(body))) {
    timeout_scope scope(when);
    co_return co_await scope.run(std::move(body));
}

// The same, at most so long from now (asyncio.timeout): `co_await timeout(5s, [&]() -> coro<> { … })`.
template <class Body>
auto timeout(std::optional<std::chrono::nanoseconds> delay, Body body)
    -> decltype(std::declval<timeout_scope&>().run(std::move(body))) {
    timeout_scope scope(delay ? std::optional(detail::time_after(*delay)) : std::nullopt);
    co_return co_await scope.run(std::move(body));
}

// Awaits the coroutine, future or task in the calling task, at most so long; without end if there is no delay. When the
// time is up it is cancelled, and when it has really ended timeout_error is raised; if it returned a value all the
// same, that is returned. With a delay of zero or less a coroutine is never started.
template <class T>
coro<T> wait_for(coro<T> work, std::optional<std::chrono::nanoseconds> delay) {
    if (delay && *delay <= delay->zero()) {
        work.close();
        throw timeout_error(std::make_exception_ptr(cancelled_error()));
    }
    co_return co_await timeout(delay, [&work]() -> coro<T> { co_return co_await std::move(work); });
}

// The same for what a lock, event, queue or the like is asked for: `wait_for(q.get(), 1s)`.
template <class Wait>
GIRIN_CORO_WRAPPER auto wait_for(detail::operation<Wait> what, std::optional<std::chrono::nanoseconds> delay) {
    return wait_for(detail::as_coro(std::move(what)), delay);
}

template <class T>
coro<T> wait_for(future<T> awaited, std::optional<std::chrono::nanoseconds> delay) {
    if (!delay || *delay > delay->zero())
        co_return co_await timeout(delay, [&awaited]() -> coro<T> { co_return co_await std::move(awaited); });
    if (awaited.done()) co_return co_await std::move(awaited);
    awaited.cancel();
    co_await wait({awaited});  // which does not cancel it again, if the caller is
    try {
        co_return co_await std::move(awaited);
    } catch (const cancelled_error&) {
        throw timeout_error(std::current_exception());
    }
}

template <class T>
GIRIN_CORO_WRAPPER coro<T> wait_for(task<T> awaited, std::optional<std::chrono::nanoseconds> delay) {
    return wait_for(future<T>(awaited), delay);
}

}  // namespace girin
