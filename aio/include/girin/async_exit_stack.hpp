// async_exit_stack: clean-up that may await, of which there is more the further a body gets
// (contextlib.AsyncExitStack).
#pragma once

#include <girin/completed.hpp>
#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/task.hpp>

#include <exception>
#include <forward_list>
#include <memory>
#include <type_traits>
#include <utility>

namespace girin {

namespace detail {

class GIRIN_EXPORT exit_callback {
 public:
    exit_callback() = default;
    exit_callback(const exit_callback&) = delete;
    exit_callback& operator=(const exit_callback&) = delete;
    virtual ~exit_callback();
    // Whether the exception, which may be none, is dealt with.
    virtual coro<bool> leave(std::exception_ptr raised) = 0;
};

template <class F>
class async_callback final : public exit_callback {
 public:
    explicit async_callback(F function) : function_(std::move(function)) {}
    coro<bool> leave(std::exception_ptr) override {
        if constexpr (is_coro<std::invoke_result_t<F&>>::value)
            co_await call(function_);
        else
            function_();
        co_return false;
    }

 private:
    F function_;
};

template <class F>
class async_exit final : public exit_callback {
 public:
    explicit async_exit(F function) : function_(std::move(function)) {}
    coro<bool> leave(std::exception_ptr raised) override { co_return co_await call(function_, std::move(raised)); }

 private:
    F function_;
};

template <class Context>
class context_exit final : public exit_callback {
 public:
    explicit context_exit(Context c) : context(std::move(c)) {}
    coro<bool> leave(std::exception_ptr raised) override { co_return co_await context.aexit(std::move(raised)); }

    Context context;
};

}  // namespace detail

// What has been pushed is called in reverse order, each when the one before it has ended: at the end of run()'s body,
// or by aclose(). One that raises does not keep the next from being called, and replaces the exception that was on its
// way; the next one gets to see that. One that is destroyed with something on it calls nothing, for a destructor cannot
// await.
class GIRIN_EXPORT async_exit_stack {
 public:
    async_exit_stack() = default;
    async_exit_stack(async_exit_stack&&) noexcept = default;
    async_exit_stack& operator=(async_exit_stack&&) noexcept = default;
    async_exit_stack(const async_exit_stack&) = delete;
    async_exit_stack& operator=(const async_exit_stack&) = delete;
    ~async_exit_stack();

    // Calls body(async_exit_stack&) and awaits the coroutine that it returns, then what has been pushed, and then
    // returns the body's result, or raises what is left. An exception that was suppressed is raised all the same where
    // the body should have returned something and has not. A cancellation that comes during the clean-up interrupts the
    // one that awaits, and no other.
    template <class Body>
    static auto run(Body body) -> std::invoke_result_t<Body&, async_exit_stack&> {
        using T = typename std::invoke_result_t<Body&, async_exit_stack&>::value_type;
        async_exit_stack stack;
        detail::outcome<T> result;
        std::exception_ptr raised;
        try {
            if constexpr (std::is_void_v<T>)
                co_await detail::call(body, stack);
            else
                result.set_value(co_await detail::call(body, stack));
        } catch (...) {
            raised = std::current_exception();
        }
        if (std::exception_ptr left = co_await unwind(stack, raised)) std::rethrow_exception(left);
        if (!std::is_void_v<T> && raised) std::rethrow_exception(raised);
        co_return result.take();
    }

    // Calls function(), and awaits it if it returns a coroutine (push_async_callback, and callback).
    template <class F>
    void push_async_callback(F function) {
        callbacks_.push_front(std::make_unique<detail::async_callback<F>>(std::move(function)));
    }
    // Awaits function(exception), which is null when there is none; true suppresses it.
    template <class F>
    void push_async_exit(F function) {
        callbacks_.push_front(std::make_unique<detail::async_exit<F>>(std::move(function)));
    }
    // Awaits context.aenter(), and returns its result; the stack keeps the context, and awaits context.aexit(exception)
    // as push_async_exit's function. When aenter() raises, aexit() is not called.
    template <class Context>
    auto enter_async_context(Context context) -> decltype(context.aenter()) {
        using T = typename decltype(context.aenter())::value_type;
        auto made = std::make_unique<detail::context_exit<Context>>(std::move(context));
        Context& kept = made->context;
        exits exit;
        exit.push_front(std::move(made));
        // Once it is entered, nothing may fail before it is on the stack.
        if constexpr (std::is_void_v<T>) {
            co_await kept.aenter();
            callbacks_.splice_after(callbacks_.before_begin(), exit);
        } else if constexpr (std::is_reference_v<T>) {
            T entered = co_await kept.aenter();
            callbacks_.splice_after(callbacks_.before_begin(), exit);
            co_return std::forward<T>(entered);
        } else {  // moving the result may fail
            detail::completed<T> entering(kept.aenter());
            co_await entering;
            T& entered = entering.value();
            callbacks_.splice_after(callbacks_.before_begin(), exit);
            co_return std::move(entered);
        }
    }

    // Moves everything to a new stack, so that it outlives this one.
    async_exit_stack pop_all() noexcept { return std::exchange(*this, async_exit_stack()); }
    // Calls everything now, as for a body that has ended without an exception.
    coro<> aclose();

 private:
    using exits = std::forward_list<std::unique_ptr<detail::exit_callback>>;

    static coro<std::exception_ptr> unwind(async_exit_stack& stack, std::exception_ptr raised);

    exits callbacks_;  // the last first
};

}  // namespace girin
