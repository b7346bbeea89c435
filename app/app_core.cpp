#include "app/app_core.hpp"

#include "app/request_access.hpp"
#include "app/response_access.hpp"

#include <girin/asgi.hpp>
#include <girin/completed.hpp>
#include <girin/exceptions.hpp>
#include <girin/thread_pool.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace girin::detail {

namespace {

// How much of the path is its root_path. ASGI's path begins with it; as in Starlette, one that does not, because
// middleware has changed it, is routed as it is.
std::size_t root_length(const scope& s) {
    const std::size_t length = s.root_path.size();
    const bool inside = s.path.starts_with(s.root_path) && (s.path.size() == length || s.path[length] == '/');
    return inside ? length : 0;
}

// The path below where the application is mounted.
std::string_view route_path(const scope& s) {
    const std::string_view below = s.path.substr(root_length(s));
    return below.empty() ? "/" : below;
}

coro<void> enter(const mounted_app& mounted, const scope& s, receiver& receive, sender& send) {
    scope inner = s;
    inner.root_path = s.path.substr(0, root_length(s) + mounted.path.size());
    co_await mounted.inner(inner, receive, send);
}

coro<response> raise(std::exception_ptr raised) {
    std::rethrow_exception(raised);
    co_return response();
}

response response_to(const http_error& error) {
    response answer(error.detail, error.status);
    response_access::set_fields(answer, error.fields);
    return answer;
}

}  // namespace

coro<void> app_core::run(std::size_t depth, const scope& s, receiver& receive, sender& send) const {
    if (depth < layers.size()) return layers[depth](s, receive, send);
    return s.type == scope_type::http ? serve(s, receive, send) : live(s, receive, send);
}

void app_core::add_middleware(request_middleware wrap) {
    middleware_.push_back(std::make_unique<step>(std::move(wrap), next(*this, middleware_.size() + 1)));
}

coro<response> app_core::respond(std::size_t depth, request& req) const {
    if (depth < middleware_.size()) return middleware_[depth]->wrap(req, middleware_[depth]->inside);
    return call_guarded(req);
}

// What is called need not be a coroutine itself, and can so raise here.
coro<response> app_core::begin_answer(request& req) const {
    try {
        coro<response> answer = middleware_.empty() ? call(req) : respond(0, req);
        if (answer) return answer;
        throw std::runtime_error("Expected a coroutine from the handler, but got nothing.");
    } catch (...) {
        return raise(std::current_exception());
    }
}

coro<response> app_core::call(request& req) const {
    if (const route* found = request_access::route_of(req)) return found->call(req);
    return call_without_route(req);
}

coro<response> app_core::call_without_route(request& req) const {
    const std::string methods = routes.allowed(route_path(req.scope()));
    if (!methods.empty()) throw http_error(405).header("allow", methods);
    if (not_found) return (*not_found)(req);
    throw http_error(404);
}

coro<response> app_core::call_guarded(request& req) const {
    std::exception_ptr raised;
    try {
        co_return co_await call(req);
    } catch (...) {
        raised = std::current_exception();
    }
    co_return co_await recover(req, raised);
}

coro<response> app_core::recover(request& req, const std::exception_ptr& raised) const {
    try {
        std::rethrow_exception(raised);
    } catch (const client_disconnected&) {
        throw;
    } catch (const std::exception&) {
    }
    for (const error_handler& handle : error_handlers)
        if (coro<response> answer = handle(req, raised)) return answer;
    try {
        std::rethrow_exception(raised);
    } catch (const http_error& error) {
        return ready_response(response_to(error));
    } catch (const pool_full&) {
        return ready_response(response_to(http_error(503).header("retry-after", "1")));
    }
}

coro<void> app_core::serve(const scope& s, receiver& receive, sender& send) const {
    request req(s, receive, max_body);
    const router::match match = routes.find(s.method, route_path(s), request_access::params(req));
    if (match.mounted) co_return co_await enter(*match.mounted, s, receive, send);
    request_access::set_route(req, match.found);

    completed<response> answering(begin_answer(req));
    co_await answering;
    if (const std::exception_ptr raised = answering.exception()) {
        answering = recover(req, raised);
        co_await answering;
    }

    const response& answer = answering.value();
    const response_head head(answer);
    co_await send(head.start());
    body_source* const source = response_access::source(answer);
    if (source && s.method != "HEAD" && response_access::has_content(answer))
        co_await source->send_to(send);
    else
        co_await send(http_response_body(response_access::has_content(answer) ? answer.body() : std::string_view()));
}

coro<void> app_core::live(const scope& s, receiver& receive, sender& send) const {
    if (s.type == scope_type::websocket) {
        co_await send(websocket_close());
        co_return;
    }
    co_await receive();
    girin::lifespan span(s, receive, send);
    std::exception_ptr raised;
    std::string message;
    try {
        if (life) co_await life(span);
        if (!span.has_started()) co_await span.serving();
    } catch (const std::exception& e) {
        raised = std::current_exception();
        message = e.what();
    } catch (const cancelled_error&) {
        throw;
    } catch (...) {
        raised = std::current_exception();
        message = "an exception that is no std::exception";
    }
    if (!raised) {
        co_await send(lifespan_shutdown_complete());
        co_return;
    }
    if (span.has_started())
        co_await send(lifespan_shutdown_failed(message));
    else
        co_await send(lifespan_startup_failed(message));
    std::rethrow_exception(raised);
}

}  // namespace girin::detail
