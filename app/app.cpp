#include "app/app_core.hpp"

#include <girin/app.hpp>

#include <memory>
#include <stdexcept>

namespace girin {

namespace {

// An application that is its app's, and keeps it alive.
struct whole {
    std::unique_ptr<const detail::app_core> core;
    GIRIN_CORO_WRAPPER coro<void> operator()(const scope& s, receiver& receive, sender& send) const {
        return core->run(0, s, receive, send);
    }
};

// The same from some layer inwards, for the layer outside it.
struct inner_part {
    const detail::app_core* core;
    std::size_t depth;
    GIRIN_CORO_WRAPPER coro<void> operator()(const scope& s, receiver& receive, sender& send) const {
        return core->run(depth, s, receive, send);
    }
};

}  // namespace

app::app() : core_(new detail::app_core), self_(whole{std::unique_ptr<const detail::app_core>(core_)}) {}

app& app::route(std::string_view method, std::string_view pattern, handler h) {
    core_->routes.add(method, pattern, std::move(h));
    return *this;
}

app& app::not_found(handler h) {
    core_->not_found = std::move(h);
    return *this;
}

app& app::mount(std::string_view path, application inner) {
    core_->routes.mount(path, std::move(inner));
    return *this;
}

app& app::max_body(std::size_t bytes) {
    core_->max_body = bytes;
    return *this;
}

application app::inside() const {
    return inner_part{core_, core_->layers.size() + 1};
}

app& app::add_layer(application layer) {
    core_->layers.push_back(std::move(layer));
    return *this;
}

app& app::add_middleware(detail::callable<coro<response>(request&, next&)> wrap) {
    core_->add_middleware(std::move(wrap));
    return *this;
}

app& app::add_error_handler(detail::error_handler handle) {
    core_->error_handlers.push_back(std::move(handle));
    return *this;
}

app& app::set_lifespan(detail::callable<coro<void>(girin::lifespan&)> life) {
    if (core_->life) throw std::logic_error("the application has a lifespan already");
    core_->life = std::move(life);
    return *this;
}

coro<response> next::operator()(request& req) const {
    return app_->respond(depth_, req);
}

}  // namespace girin
