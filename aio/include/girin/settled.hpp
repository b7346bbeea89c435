// Awaits a coroutine and leaves its value in its frame, to be used where it was made.
#pragma once

#include <girin/coro.hpp>

#include <exception>
#include <utility>

namespace girin::detail {

// `co_await` runs the coroutine to its end and raises nothing; value() and exception() are for afterwards. Needs to
// live until then.
template <class T>
class settled {
 public:
    explicit settled(coro<T> c) noexcept : handle_(c.release()) {}
    settled(const settled&) = delete;
    // Takes another coroutine in the place of one that has ended.
    settled& operator=(coro<T> c) noexcept {
        end();
        handle_ = c.release();
        return *this;
    }
    ~settled() { end(); }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
        handle_.promise().continuation = caller;
        handle_.promise().called_by(caller);
        return handle_;
    }
    void await_resume() const noexcept {}

    // Null if there is a value.
    const std::exception_ptr& exception() const noexcept { return result().exception(); }
    // Valid as long as this; raises the exception if there is one.
    T& value() const { return result().value(); }

 private:
    outcome<T>& result() const noexcept { return handle_.promise().result; }
    void end() noexcept {
        handle_.promise().left();
        handle_.destroy();
    }

    typename coro<T>::handle_type handle_;
};

}  // namespace girin::detail
