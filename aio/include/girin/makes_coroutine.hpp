// Tells functions that return a coroutine from those that can be called and forgotten.
#pragma once

#include <type_traits>

namespace girin::detail {

// As a callback, or in a thread of a pool, such a function would do nothing: nobody would await what it returns.
template <class F, class... Args>
concept makes_coroutine = requires { typename std::invoke_result_t<F&, Args...>::promise_type; };

}  // namespace girin::detail
