// A handler: a function from request to response, kept once in the router and called for every request.
#pragma once

#include <girin/callable.hpp>
#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/request.hpp>
#include <girin/response.hpp>

#include <concepts>
#include <utility>

namespace girin {

namespace detail {

template <class F>
concept coroutine_handler = requires(const F& f, request& r) {
    { f(r) } -> std::same_as<coro<response>>;
};

template <class F>
concept plain_handler = requires(const F& f, request& r) {
    { f(r) } -> std::same_as<response>;
};

using plain_call = response (*)(const void* function, request& req);

// Reads the body, then makes the call on the worker's handler threads.
GIRIN_EXPORT coro<response> call_in_pool(plain_call call, const void* function, request& req);
GIRIN_EXPORT coro<response> call_on_loop(plain_call call, const void* function, request& req);

template <class F>
response call_plain(const void* function, request& req) {
    return (*static_cast<const F*>(function))(req);
}

template <class F>
GIRIN_CORO_WRAPPER coro<response> pooled_call(const void* function, request& req) {
    return call_in_pool(&call_plain<F>, function, req);
}

template <class F>
GIRIN_CORO_WRAPPER coro<response> loop_call(const void* function, request& req) {
    return call_on_loop(&call_plain<F>, function, req);
}

template <class F>
struct on_loop_function {
    F function;
};

}  // namespace detail

// Keeps a plain function on the loop, which does nothing else meanwhile: for what takes microseconds.
template <detail::plain_handler F>
detail::on_loop_function<F> on_loop(F function) {
    return {std::move(function)};
}

// The return type decides where a function runs. `coro<response>` runs on the loop. `response` runs on the thread pool,
// concurrently with everything else, and so must be thread-safe; its request's body has been read before it is called,
// and a full pool answers 503. The function outlives every coroutine that it returned.
class handler {
 public:
    template <class F>
        requires(!std::same_as<F, handler>)
    handler(F function) : call_(adapt(std::move(function))) {}
    template <class F>
    handler(detail::on_loop_function<F> f) : call_(std::move(f.function), &detail::loop_call<F>) {}

    GIRIN_CORO_WRAPPER coro<response> operator()(request& req) const { return call_(req); }

 private:
    using erased = detail::callable<coro<response>(request&)>;

    template <class F>
    static erased adapt(F function) {
        static_assert(
            detail::coroutine_handler<F> || detail::plain_handler<F>,
            "a handler takes girin::request& and returns girin::coro<girin::response>, to run on the loop, or "
            "girin::response, to run on the thread pool");
        if constexpr (detail::coroutine_handler<F>)
            return erased(std::move(function));
        else
            return erased(std::move(function), &detail::pooled_call<F>);
    }

    erased call_;
};

}  // namespace girin
