#include "aio/loop_core.hpp"

#include <girin/asio.hpp>

namespace girin {

boost::asio::io_context& get_io_context() {
    return detail::loop_core::running().io.context();
}

namespace detail {

void foreign_operation_started() {
    loop_core::running().io.foreign_started();
}
void foreign_operation_finished() {
    loop_core::running().io.foreign_finished();
}

}  // namespace detail

}  // namespace girin
