// try_finally: clean-up that awaits, which C++ cannot write in a destructor or a catch block.
#pragma once

#include <girin/coro.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace girin {

// Awaits body(), then cleanup(), whether the body returned, raised or was cancelled; then returns the body's result or
// raises its exception. An exception from the clean-up replaces the body's. A cancellation that comes during the
// clean-up interrupts it at its await, as in Python.
template <class Body, class Cleanup>
auto try_finally(Body body, Cleanup cleanup) -> decltype(body()) {
    using T = typename decltype(body())::value_type;
    std::exception_ptr raised;
    detail::outcome<T> result;
    try {
        if constexpr (std::is_void_v<T>)
            co_await body();
        else
            result.set_value(co_await body());
    } catch (...) {
        raised = std::current_exception();
    }
    co_await cleanup();
    if (raised) std::rethrow_exception(raised);
    co_return result.take();
}

}  // namespace girin
