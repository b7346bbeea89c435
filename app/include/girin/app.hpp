// The framework: an application made of handlers, for the routes of its paths.
#pragma once

#include <girin/application.hpp>
#include <girin/callable.hpp>
#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/export_app.hpp>
#include <girin/handler.hpp>
#include <girin/http_error.hpp>
#include <girin/lifespan.hpp>
#include <girin/request.hpp>
#include <girin/response.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <string_view>
#include <utility>

namespace girin {

namespace detail {

class app_core;

using error_handler = callable<coro<response>(request&, const std::exception_ptr&)>;

GIRIN_EXPORT coro<response> ready_response(response answer);

template <class Exception, class F>
GIRIN_CORO_WRAPPER coro<response> try_error_handler(const void* function, request& req,
                                                    const std::exception_ptr& raised) {
    try {
        std::rethrow_exception(raised);
    } catch (const Exception& e) {
        const F& handle = *static_cast<const F*>(function);
        if constexpr (std::same_as<decltype(handle(req, e)), response>)
            return ready_response(handle(req, e));
        else
            return handle(req, e);
    } catch (...) {
        return {};
    }
}

}  // namespace detail

// What is left of a request's way to its handler: co_await next(req) yields the response of the middleware and handler
// inside.
class GIRIN_EXPORT next {
 public:
    next(const detail::app_core& app, std::size_t depth) noexcept : app_(&app), depth_(depth) {}
    GIRIN_CORO_WRAPPER coro<response> operator()(request& req) const;

 private:
    const detail::app_core* app_;
    std::size_t depth_;
};

// A handle: copies, and the girin::applications it converts to, mean the same application. It is set up before it
// serves.
class GIRIN_EXPORT app {
 public:
    app();
    operator application() const { return self_; }

    // Routes. A pattern such as /users/{id:int}/files/{rest:path} has parameters: {id} is a segment of the path,
    // {id:int} digits, {rest:path} all that is left. Literal text goes before a parameter, {id:int} before {id}, and
    // {rest:path} last. HEAD is answered as GET, a path without a route 404, and a method that a path has no route for
    // 405. std::invalid_argument for a bad pattern, std::logic_error for a route that exists.
    app& get(std::string_view pattern, handler h) { return route("GET", pattern, std::move(h)); }
    app& post(std::string_view pattern, handler h) { return route("POST", pattern, std::move(h)); }
    app& put(std::string_view pattern, handler h) { return route("PUT", pattern, std::move(h)); }
    app& patch(std::string_view pattern, handler h) { return route("PATCH", pattern, std::move(h)); }
    // NOLINTNEXTLINE(readability-identifier-naming)
    app& delete_(std::string_view pattern, handler h) { return route("DELETE", pattern, std::move(h)); }
    app& options(std::string_view pattern, handler h) { return route("OPTIONS", pattern, std::move(h)); }
    app& route(std::string_view method, std::string_view pattern, handler h);

    // Answers a path that has no route, instead of 404.
    app& not_found(handler h);

    // Gives the path and everything below it to another application, with its root_path extended (<girin/asgi.hpp> to
    // write one by hand). Its lifespan is not run, and of this application's middleware it meets that of the contract
    // alone.
    app& mount(std::string_view path, application inner);

    // Middleware of the contract: application(application). It is called at once, and what it returns meets every
    // scope, lifespan included, in the order of registration.
    template <class F>
        requires std::invocable<F&, application>
    app& middleware(F wrap) {
        return add_layer(wrap(inside()));
    }
    // Middleware of requests: coro<response>(request&, next&). It meets the requests of this application's own routes
    // after the former, in the order of registration, and their responses in reverse. An http_error from inside has
    // become a response before it comes to it.
    template <class F>
        requires std::invocable<const F&, request&, next&>
    app& middleware(F wrap) {
        return add_middleware(detail::callable<coro<response>(request&, next&)>(std::move(wrap)));
    }

    // Answers what a handler raises, with coro<response> or response, on the loop: handle(request&, const Exception&).
    // The first in the order of registration whose type fits is called. Without one, http_error and pool_full are the
    // responses they stand for, and everything else is raised to the server, which logs it and answers 500.
    template <std::derived_from<std::exception> Exception, class F>
        requires std::invocable<const F&, request&, const Exception&>
    app& on_error(F handle) {
        return add_error_handler(detail::error_handler(std::move(handle), &detail::try_error_handler<Exception, F>));
    }

    // One coroutine around the worker's life: coro<void>(girin::lifespan&). std::logic_error for a second one.
    template <class F>
        requires std::invocable<const F&, girin::lifespan&>
    app& lifespan(F life) {
        return set_lifespan(detail::callable<coro<void>(girin::lifespan&)>(std::move(life)));
    }

    // The most that request::body() collects, in bytes: 16 MiB.
    app& max_body(std::size_t bytes);

 private:
    application inside() const;
    app& add_layer(application layer);
    app& add_middleware(detail::callable<coro<response>(request&, next&)> wrap);
    app& add_error_handler(detail::error_handler handle);
    app& set_lifespan(detail::callable<coro<void>(girin::lifespan&)> life);

    detail::app_core* core_;  // inside self_
    application self_;
};

}  // namespace girin
