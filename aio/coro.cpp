#include "aio/loop_core.hpp"
#include "aio/source_text.hpp"

#include <girin/coro.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace girin::detail {

void rethrow(std::exception_ptr& raised) {
    std::rethrow_exception(std::exchange(raised, nullptr));
}

void throw_reused() {
    throw std::runtime_error("cannot reuse already awaited coroutine");
}

void drop_unstarted(std::coroutine_handle<> coroutine, const call_frame& frame) noexcept {
    const std::source_location where = frame.where();
    coroutine.destroy();
    loop_core* loop = loop_core::current();
    if (!loop || !loop->monitor.debug) return;
    try {
        loop->report("coroutine '" + std::string(function_name(where)) + "' was never awaited", nullptr, {}, {where});
    } catch (...) {  // keyboard_interrupt out of the handler cannot be raised from here
    }
}

}  // namespace girin::detail
