#include <girin/asgi.hpp>
#include <girin/lifespan.hpp>

#include <stdexcept>

namespace girin {

lifespan::lifespan(const scope& s, receiver& receive, sender& send)
    : state_(s.state), receive_(&receive), send_(&send) {}

coro<void> lifespan::serving() {
    if (started_) throw std::logic_error("lifespan::serving() was awaited twice");
    started_ = true;
    co_await (*send_)(lifespan_startup_complete());
    co_await (*receive_)();
}

lifespan_state& lifespan::state() const {
    if (!state_) throw std::logic_error("the server keeps no lifespan state");
    return *state_;
}

}  // namespace girin
