#include "aio/stream_core.hpp"

#include <girin/stream_writer.hpp>

namespace girin {

namespace {

using detail::stream_core;

stream_core& core_of(const detail::ref<detail::resource>& core) {
    return static_cast<stream_core&>(*core);
}

}  // namespace

void stream_writer::write(std::string_view bytes) const {
    core_of(core_).write(bytes);
}

coro<void> stream_writer::drain() const {
    return stream_core::drain(detail::ref<stream_core>(&core_of(core_)));
}

void stream_writer::set_write_buffer_limits(std::size_t high, std::size_t low) const {
    core_of(core_).set_write_buffer_limits(high, low);
}

void stream_writer::write_eof() const {
    core_of(core_).write_eof();
}

void stream_writer::close() const {
    core_of(core_).close();
}

void stream_writer::abort() const noexcept {
    core_of(core_).abort();
}

bool stream_writer::is_closing() const noexcept {
    return core_of(core_).closing();
}

coro<void> stream_writer::wait_closed() const {
    return stream_core::wait_closed(detail::ref<stream_core>(&core_of(core_)));
}

const socket_address& stream_writer::peername() const noexcept {
    return core_of(core_).peer;
}

const socket_address& stream_writer::sockname() const noexcept {
    return core_of(core_).own;
}

}  // namespace girin
