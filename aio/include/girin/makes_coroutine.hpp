// Tells functions that return a coroutine from those that can be called and forgotten.
#pragma once

#include <girin/call_frame.hpp>

#include <concepts>
#include <type_traits>

namespace girin::detail {

// Whether it returns one of our coroutines or generators, which are lazy: as a callback, or in a thread of a pool, it
// would do nothing, for nobody would await them.
template <class F, class... Args>
concept makes_coroutine = std::derived_from<typename std::invoke_result_t<F&, Args...>::promise_type, call_frame>;

}  // namespace girin::detail
