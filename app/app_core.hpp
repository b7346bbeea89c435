// What an application of the framework consists of, and the way of a scope through it.
#pragma once

#include "app/router.hpp"

#include <girin/app.hpp>
#include <girin/application.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

namespace girin::detail {

class app_core {
 public:
    using request_middleware = callable<coro<response>(request&, next&)>;
    using life_function = callable<coro<void>(girin::lifespan&)>;

    // Passes the scope to layer number `depth`; inside the last of them is the framework itself.
    GIRIN_CORO_WRAPPER coro<void> run(std::size_t depth, const scope& s, receiver& receive, sender& send) const;
    // Passes the request to middleware number `depth`; inside the last of them are the handlers.
    GIRIN_CORO_WRAPPER coro<response> respond(std::size_t depth, request& req) const;
    void add_middleware(request_middleware wrap);

    router routes;
    std::vector<application> layers;
    std::vector<error_handler> error_handlers;
    std::optional<handler> not_found;
    life_function life;
    std::size_t max_body = default_max_body;

 private:
    struct step {
        request_middleware wrap;
        next inside;
    };

    coro<void> serve(const scope& s, receiver& receive, sender& send) const;
    coro<void> live(const scope& s, receiver& receive, sender& send) const;
    GIRIN_CORO_WRAPPER coro<response> begin_answer(request& req) const;
    // Calls the handler. Its exceptions and the lack of one are raised, by call(), or have become a response.
    GIRIN_CORO_WRAPPER coro<response> call(request& req) const;
    // Its rare part, not inline in what every request goes through.
    [[gnu::noinline]] GIRIN_CORO_WRAPPER coro<response> call_without_route(request& req) const;
    coro<response> call_guarded(request& req) const;
    // The response to an exception; raises it again when there is none.
    GIRIN_CORO_WRAPPER coro<response> recover(request& req, const std::exception_ptr& raised) const;

    std::vector<std::unique_ptr<step>> middleware_;
};

}  // namespace girin::detail
