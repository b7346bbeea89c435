// coro<T>: what a coroutine function returns. Lazy, as in asyncio: nothing runs until it is awaited or made a task.
#pragma once

#include <girin/call_frame.hpp>
#include <girin/export.hpp>
#include <girin/frame_pool.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__clang__)
#define GIRIN_CORO_TYPE [[nodiscard, clang::coro_return_type, clang::coro_lifetimebound]]
#define GIRIN_CORO_WRAPPER [[clang::coro_wrapper]]
// One whose coroutine has copies of what it was given a view of.
#define GIRIN_CORO_COPYING_WRAPPER [[clang::coro_wrapper, clang::coro_disable_lifetimebound]]
#else
#define GIRIN_CORO_TYPE [[nodiscard]]
#define GIRIN_CORO_WRAPPER
#define GIRIN_CORO_COPYING_WRAPPER
#endif

namespace girin {

template <class T = void>
class coro;

namespace detail {

// What a promise may hold: nothing of which the promise would begin elsewhere in its frame than call_frame::of() looks.
template <class T>
inline constexpr bool fits_frame = true;
template <class T>
    requires std::is_object_v<T>
inline constexpr bool fits_frame<T> = alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;

// Not inline, or each await would have their code and make room for it: what a coroutine has raised is raised in its
// caller, and a second await of one is refused.
[[noreturn]] GIRIN_EXPORT void rethrow(std::exception_ptr& raised);
[[noreturn]] GIRIN_EXPORT void throw_reused();

// Destroys a coroutine that was never awaited, which debug mode reports.
GIRIN_EXPORT void drop_unstarted(std::coroutine_handle<> coroutine, const call_frame& frame) noexcept;

// Resumes the awaiting coroutine by symmetric transfer, so that a long chain of awaits does not deepen the stack.
struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept;
    void await_resume() const noexcept {}
};

struct promise_base : call_frame, pooled {
    final_awaiter final_suspend() const noexcept { return {}; }
};

// The frame of a coroutine that another one awaits, in the frame of that other one.
class held_frame {
 public:
    held_frame(const held_frame&) = delete;
    held_frame& operator=(const held_frame&) = delete;

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) noexcept {
        caller_ = caller;
        call_frame::of(frame_).called_by(caller, this);
        return frame_;
    }

 protected:
    explicit held_frame(std::coroutine_handle<> frame) noexcept : frame_(frame) {}
    ~held_frame() {
        if (frame_) destroy(frame_);
    }

    void end() noexcept {
        if (frame_) destroy(std::exchange(frame_, nullptr));
    }

    std::coroutine_handle<> frame_;  // null when it has been destroyed

 private:
    friend struct final_awaiter;
    friend void destroy_chain(std::coroutine_handle<> outermost) noexcept;

    static void destroy(std::coroutine_handle<> frame) noexcept {
        call_frame::of(frame).left();
        frame.destroy();
    }

    std::coroutine_handle<> caller_;  // while it waits
};

template <class Promise>
std::coroutine_handle<> final_awaiter::await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    call_frame& frame = finished.promise();
    frame.left();
    const held_frame* holder = frame.holder();
    return holder ? holder->caller_ : std::noop_coroutine();
}

// The outcome of a coroutine: nothing yet, a value, or an exception.
template <class T>
class outcome {
 public:
    outcome() noexcept {}
    outcome(const outcome&) = delete;
    outcome& operator=(const outcome&) = delete;
    ~outcome() {
        if (has_value_) value_.~T();
    }

    template <class... Args>
    void set_value(Args&&... args) {
        ::new (static_cast<void*>(&value_)) T(std::forward<Args>(args)...);
        has_value_ = true;
    }
    void set_exception(std::exception_ptr exception) noexcept { exception_ = std::move(exception); }

    T take() { return std::move(value()); }
    T& value() {
        if (exception_) rethrow(exception_);
        return value_;
    }
    const std::exception_ptr& exception() const noexcept { return exception_; }

 private:
    union {
        T value_;
    };
    bool has_value_ = false;
    std::exception_ptr exception_;
};

template <class T>
class outcome<T&> {
 public:
    void set_value(T& value) noexcept { value_ = &value; }
    void set_exception(std::exception_ptr exception) noexcept { exception_ = std::move(exception); }
    T& take() {
        if (exception_) rethrow(exception_);
        return *value_;
    }

 private:
    T* value_ = nullptr;
    std::exception_ptr exception_;
};

template <>
class outcome<void> {
 public:
    void set_exception(std::exception_ptr exception) noexcept { exception_ = std::move(exception); }
    void take() {
        if (exception_) rethrow(exception_);
    }

 private:
    std::exception_ptr exception_;
};

template <class T>
struct coro_promise : promise_base {
    outcome<T> result;

    coro<T> get_return_object() noexcept;
    template <class U = T>
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& value) {
        result.set_value(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { result.set_exception(raised()); }
};

template <>
struct coro_promise<void> : promise_base {
    outcome<void> result;

    coro<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { result.set_exception(raised()); }
};

}  // namespace detail

// A coroutine that has not been started. Move-only; awaiting it uses it up, and awaiting it again is a
// std::runtime_error. It runs in the task that awaits it. Destroying it unstarted frees its frame and arguments and
// runs nothing.
template <class T>
class GIRIN_CORO_TYPE coro {
 public:
    static_assert(detail::fits_frame<T>, "coro<T>: frames are not aligned as strictly as T is");

    using value_type = T;
    using promise_type = detail::coro_promise<T>;
    using handle_type = std::coroutine_handle<promise_type>;

    coro() noexcept = default;
    explicit coro(handle_type handle) noexcept : handle_(handle) {}
    coro(coro&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    coro& operator=(coro&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~coro() {
        if (handle_) detail::drop_unstarted(handle_, handle_.promise());
    }

    // Whether there is something to await.
    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    // Destroys what is not going to be awaited, so that debug mode does not report it (coroutine.close). Does nothing
    // on one that is used up.
    void close() noexcept {
        if (handle_) release().destroy();
    }

    // The frame, or null.
    handle_type handle() const noexcept { return handle_; }
    // Gives up the frame: whoever takes the handle starts it and destroys it.
    handle_type release() noexcept { return std::exchange(handle_, nullptr); }

    class awaiter : public detail::held_frame {
     public:
        explicit awaiter(handle_type handle) noexcept : held_frame(handle) {}
        T await_resume() const { return handle_type::from_address(frame_.address()).promise().result.take(); }
    };

    awaiter operator co_await() && {
        if (!handle_) detail::throw_reused();
        return awaiter(release());
    }

 private:
    handle_type handle_;
};

template <class T>
GIRIN_CORO_WRAPPER coro<T> detail::coro_promise<T>::get_return_object() noexcept {
    return coro<T>(std::coroutine_handle<coro_promise>::from_promise(*this));
}

GIRIN_CORO_WRAPPER inline coro<void> detail::coro_promise<void>::get_return_object() noexcept {
    return coro<void>(std::coroutine_handle<coro_promise>::from_promise(*this));
}

}  // namespace girin
