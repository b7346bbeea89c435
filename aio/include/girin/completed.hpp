// Awaits a coroutine and leaves its value in its frame, to be used where it was made.
#pragma once

#include <girin/coro.hpp>

#include <exception>

namespace girin::detail {

// `co_await` runs the coroutine to its end and raises nothing; value() and exception() are for afterwards. Needs to
// live until then; nothing that is destroyed before it may ask when the awaiting coroutine itself is destroyed.
template <class T>
class completed : public held_frame {
 public:
    explicit completed(coro<T> c) noexcept : held_frame(c.release()) {}
    // Takes another coroutine in the place of one that has ended.
    completed& operator=(coro<T> c) noexcept {
        end();
        frame_ = c.release();
        return *this;
    }

    void await_resume() const noexcept {}

    // Null if there is a value.
    const std::exception_ptr& exception() const noexcept { return result().exception(); }
    // Valid as long as this; raises the exception if there is one.
    T& value() const { return result().value(); }

 private:
    outcome<T>& result() const noexcept {
        return coro<T>::handle_type::from_address(frame_.address()).promise().result;
    }
};

}  // namespace girin::detail
