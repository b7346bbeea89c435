// to_thread: runs a blocking function in the loop's default pool while the loop goes on (asyncio.to_thread).
#pragma once

#include <girin/coro.hpp>
#include <girin/future.hpp>
#include <girin/thread_pool.hpp>

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace girin {

namespace detail {

// The call of to_thread(abandon, …): owns all it needs, so that nobody has to wait for it.
template <class T, class F>
class abandoned_call final : public pool_job, public callback_node {
 public:
    abandoned_call(future<T> f, F function) : future_(std::move(f)), function_(std::move(function)) {}

 private:
    void execute() noexcept override {
        try {
            if constexpr (std::is_void_v<T>)
                function_();
            else
                outcome_.set_value(function_());
        } catch (...) {
            outcome_.set_exception(std::current_exception());
        }
    }
    callback_node& finished() noexcept override { return *this; }

    void run() override {
        std::unique_ptr<abandoned_call> self(this);
        if (future_.done()) return;
        try {
            if constexpr (std::is_void_v<T>) {
                outcome_.take();
                future_.set_result();
            } else {
                future_.set_result(outcome_.take());
            }
        } catch (...) {
            future_.set_exception(std::current_exception());
        }
    }
    void drop() noexcept override { delete this; }

    future<T> future_;
    F function_;
    outcome<T> outcome_;
};

GIRIN_EXPORT thread_pool& default_pool();

}  // namespace detail

// Returns what function(args...) returns in another thread, or raises what it raises. Submitted when it is awaited.
// When the task is cancelled, a function that is still queued never runs; one that runs is waited for, and then
// cancelled_error is raised. Raises pool_full when the pool's queue is full.
template <class F, class... Args>
auto to_thread(F function, Args... args) -> coro<std::invoke_result_t<F&, Args...>> {
    auto bound = [&]() -> decltype(auto) { return std::invoke(function, std::move(args)...); };
    co_return co_await detail::thread_call<decltype(bound)>(nullptr, bound);
}

struct abandon_t {};
inline constexpr abandon_t abandon{};

// The same, but a cancelled task does not wait: the function goes on alone, with its own copies, and its result is
// dropped.
template <class F, class... Args>
auto to_thread(abandon_t, F function, Args... args) -> coro<std::invoke_result_t<F&, Args...>> {
    using T = std::invoke_result_t<F&, Args...>;
    future<T> result = create_future<T>();
    auto bound = [function = std::move(function),
                  arguments = std::tuple(std::move(args)...)]() mutable -> decltype(auto) {
        return std::apply(function, std::move(arguments));
    };
    auto call = std::make_unique<detail::abandoned_call<T, decltype(bound)>>(result, std::move(bound));
    if (!detail::default_pool().try_submit(*call)) throw pool_full();
    call.release();
    co_return co_await std::move(result);
}

}  // namespace girin
