#include "aio/loop_core.hpp"

#include <girin/asio.hpp>

namespace girin {

boost::asio::io_context& get_io_context() {
    return detail::loop_core::running().io.context();
}

namespace detail {

void foreign_operation_started() {
    loop_core& loop = loop_core::running();
    if (!loop.current_task) throw_outside_task();
    loop.io.operation_started();
}

void foreign_operation_finished() noexcept {
    loop_core::current()->io.operation_finished();
}

}  // namespace detail

}  // namespace girin
