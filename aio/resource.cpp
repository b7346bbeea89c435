#include "aio/loop_core.hpp"

#include <girin/resource.hpp>

#include <stdexcept>
#include <utility>

namespace girin::detail {

resource::resource() : loop_(&loop_core::running()) {
    next_ = loop_->resources;
    link_ = &loop_->resources;
    if (next_) next_->link_ = &next_;
    loop_->resources = this;
}

resource::~resource() {
    leave_loop();
}

void resource::leave_loop() noexcept {
    if (!std::exchange(loop_, nullptr)) return;
    *link_ = next_;
    if (next_) next_->link_ = link_;
}

bool resource::in_running_loop() const noexcept {
    return loop_ && loop_core::current() == loop_;
}

void resource::require_running_loop() const {
    if (!in_running_loop())
        throw std::runtime_error("a stream, server, process or file belongs to the loop in which it was made");
}

void resource::close_all(loop_core& loop) noexcept {
    while (resource* open = loop.resources) {
        open->leave_loop();
        open->loop_closed();
    }
}

}  // namespace girin::detail
