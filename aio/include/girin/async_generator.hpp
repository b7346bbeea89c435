// async_generator<T>: a coroutine that yields many values (an asynchronous generator of Python).
#pragma once

#include <girin/coro.hpp>
#include <girin/exceptions.hpp>
#include <girin/export.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace girin {

template <class T>
class async_generator;

namespace detail {

class loop_core;

// A generator without its values: a promise's base. Started ones are known to the loop, which closes them when it ends.
class GIRIN_EXPORT generator_core : public call_frame, public pooled {
 public:
    generator_core() = default;
    generator_core(const generator_core&) = delete;
    generator_core& operator=(const generator_core&) = delete;
    ~generator_core() {
        left();
        leave_loop();
    }

    // Continues the body on behalf of `caller`; std::runtime_error when somebody else is being served.
    std::coroutine_handle<> resume_for(std::coroutine_handle<> caller);
    // Suspends the body and continues whoever waits for a value.
    std::coroutine_handle<> yield_to_caller() noexcept;
    void raise_if_closing() const {
        if (closing_) throw generator_exit();
    }
    void finish(std::exception_ptr raised) noexcept;
    void rethrow() {
        if (raised_) detail::rethrow(raised_);
    }

    // Destroys the body. Debug mode reports one that is at a co_yield.
    void drop() noexcept;
    bool finished() const noexcept { return finished_; }
    void check_idle() const;
    // Ends the body with generator_exit at its co_yield, and awaits what it does on the way out.
    static coro<void> close(generator_core& core);
    static void forget_all(loop_core& loop) noexcept;
    static coro<void> close_all(loop_core& loop);

    std::coroutine_handle<> body;

 private:
    struct closing_awaiter;
    void leave_loop() noexcept;

    std::coroutine_handle<> caller_;
    std::exception_ptr raised_;
    generator_core* next_ = nullptr;
    generator_core** link_ = nullptr;
    bool started_ = false;
    bool finished_ = false;
    bool closing_ = false;
};

template <class T>
struct generator_promise : generator_core {
    async_generator<T> get_return_object() noexcept;

    struct hand_over {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> suspended) const noexcept {
            return suspended.promise().yield_to_caller();
        }
        void await_resume() const noexcept {}
    };
    struct yielded : hand_over {
        generator_promise& promise;
        explicit yielded(generator_promise& p) : promise(p) {}
        void await_resume() const { promise.raise_if_closing(); }
    };

    hand_over final_suspend() noexcept { return {}; }
    yielded yield_value(T item, std::source_location here = std::source_location::current()) {
        is_at(here);
        value.emplace(std::move(item));
        return yielded(*this);
    }
    void return_void() noexcept { finish(nullptr); }
    void unhandled_exception() noexcept { finish(raised()); }

    std::optional<T> value;
};

}  // namespace detail

// Nothing runs until the first next(). Python's `async for` is `while (auto item = co_await generator.next())`. One
// that is dropped early is destroyed at its co_yield; clean-up that awaits needs aclose().
template <class T>
class GIRIN_CORO_TYPE async_generator {
 public:
    static_assert(detail::fits_frame<T>, "async_generator<T>: frames are not aligned as strictly as T is");

    using value_type = T;
    using promise_type = detail::generator_promise<T>;
    using handle_type = std::coroutine_handle<promise_type>;

    explicit async_generator(handle_type handle) noexcept : handle_(handle) {}
    async_generator(async_generator&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    async_generator& operator=(async_generator&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~async_generator() {
        if (handle_) handle_.promise().drop();
    }

    class next_awaiter {
     public:
        explicit next_awaiter(handle_type handle) noexcept : handle_(handle) {}
        next_awaiter(const next_awaiter&) = delete;
        next_awaiter& operator=(const next_awaiter&) = delete;
        ~next_awaiter() {
            if (caller_) caller_->abandon_callee();
        }
        bool await_ready() const noexcept { return handle_.promise().finished(); }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) {
            const std::coroutine_handle<> body = handle_.promise().resume_for(caller);
            handle_.promise().called_by(caller);
            if constexpr (std::derived_from<Promise, detail::call_frame>) caller_ = &caller.promise();
            return body;
        }
        std::optional<T> await_resume() {
            caller_ = nullptr;
            auto& promise = handle_.promise();
            promise.rethrow();
            if (promise.finished()) return std::nullopt;
            return std::exchange(promise.value, std::nullopt);
        }

     private:
        handle_type handle_;
        detail::call_frame* caller_ = nullptr;  // while it waits
    };

    // Waits for the next value; nothing once the body has returned. Raises what the body raises, after which it is
    // over. std::runtime_error while another next() or aclose() is under way. The body runs in the calling task, so
    // cancelling that raises cancelled_error inside the body.
    next_awaiter next() {
        handle_.promise().check_idle();
        return next_awaiter(handle_);
    }

    // Raises generator_exit at the body's co_yield and waits for its end. Nothing happens on one that has not started
    // or is over. A body that yields again raises std::runtime_error.
    GIRIN_CORO_WRAPPER coro<void> aclose() {
        handle_.promise().check_idle();
        return detail::generator_core::close(handle_.promise());
    }

 private:
    handle_type handle_;
};

template <class T>
GIRIN_CORO_WRAPPER async_generator<T> detail::generator_promise<T>::get_return_object() noexcept {
    auto handle = std::coroutine_handle<generator_promise>::from_promise(*this);
    this->body = handle;
    return async_generator<T>(handle);
}

}  // namespace girin
