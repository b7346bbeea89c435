// to_thread: runs a blocking function in the loop's default pool while the loop goes on (asyncio.to_thread).
#pragma once

#include <girin/context.hpp>
#include <girin/coro.hpp>
#include <girin/default_executor.hpp>
#include <girin/makes_coroutine.hpp>
#include <girin/thread_pool.hpp>

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace girin {

namespace detail {

// The await of to_thread(abandon, …). The call owns all that it needs, so that nobody has to wait for it.
template <class F>
class abandoning_wait final : public wait_point {
 public:
    using result_type = std::invoke_result_t<F&>;

    explicit abandoning_wait(F function) : call_(new owned_call(std::move(function), *this)) {}
    ~abandoning_wait() override { abandon_call(); }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
        pool_ = &default_executor();
        suspend(caller);
        if (!linked() && !pool_->try_submit(*call_)) throw pool_full();
    }
    result_type await_resume() {
        resumed();
        if (call_->refused) raise_pool_ended();
        return call_->result.take();
    }
    bool cancel(const std::string& message) override {
        if (linked()) return false;
        abandon_call();
        return accept_cancel(message);
    }

 private:
    struct owned_call final : pool_job, callback_node {
        owned_call(F f, abandoning_wait& w) : function(std::move(f)), waiter(&w) {}

        void execute() noexcept override { call_into(result, function); }
        void refuse() noexcept override { refused = true; }
        callback_node& finished() noexcept override { return *this; }
        void run() override {
            if (waiter) waiter->wake();
            drop();
        }
        void drop() noexcept override {
            arrived = true;
            if (!waiter) delete this;
        }

        F function;
        outcome<result_type> result;
        abandoning_wait* waiter;  // null when nobody waits any more
        bool refused = false;
        bool arrived = false;  // back from the pool
    };

    // One that a thread has already frees itself when it is back.
    void abandon_call() noexcept {
        owned_call* abandoned = std::exchange(call_, nullptr);
        if (!abandoned) return;
        abandoned->waiter = nullptr;
        bool mine =
            abandoned->is_new() || abandoned->arrived || (abandoned->submitted() && pool_->take_back(*abandoned));
        if (mine) delete abandoned;
    }

    owned_call* call_;
    thread_pool* pool_ = nullptr;
};

}  // namespace detail

// Returns what function(args...) returns in another thread, or raises what it raises. Submitted when it is awaited.
// When the task is cancelled, a function that is still queued never runs; one that runs is waited for, and then
// cancelled_error is raised. Raises pool_full when the pool's queue is full. The function sees the caller's context
// variables, and what it sets is not carried back.
template <class F, class... Args>
auto to_thread(F function, Args... args) -> coro<std::invoke_result_t<F&, Args...>> {
    static_assert(!detail::makes_coroutine<F, Args...>, "a thread cannot await what the function returns");
    const detail::context_slot context = detail::context_slot::current().copy();
    auto bound = [&]() -> decltype(auto) { return detail::invoke_in(context, function, std::move(args)...); };
    co_return co_await detail::thread_call<decltype(bound)>(nullptr, bound);
}

struct abandon_t {};
inline constexpr abandon_t abandon{};

// The same, but a cancelled task does not wait: a function that runs goes on alone, with its own copies, and its result
// is dropped.
template <class F, class... Args>
auto to_thread(abandon_t, F function, Args... args) -> coro<std::invoke_result_t<F&, Args...>> {
    static_assert(!detail::makes_coroutine<F, Args...>, "a thread cannot await what the function returns");
    auto bound = [context = detail::context_slot::current().copy(), function = std::move(function),
                  arguments = std::tuple(std::move(args)...)]() mutable -> decltype(auto) {
        return std::apply(
            [&](auto&&... unpacked) -> decltype(auto) {
                return detail::invoke_in(context, function, std::move(unpacked)...);
            },
            std::move(arguments));
    };
    co_return co_await detail::abandoning_wait<decltype(bound)>(std::move(bound));
}

}  // namespace girin
