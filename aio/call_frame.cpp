#include "aio/loop_core.hpp"

#include <girin/call_frame.hpp>
#include <girin/coro.hpp>

namespace girin::detail {

std::exception_ptr call_frame::raised() const noexcept {
    std::exception_ptr exception = std::current_exception();
    loop_core* loop = loop_core::current();
    if (loop && loop->current_task) loop->raising.left(exception, where());
    return exception;
}

// The innermost first, as their destructors would, but without their recursion: a chain may be a hundred thousand deep.
// What a generator awaits goes with the generator, which somebody else may hold.
void destroy_chain(std::coroutine_handle<> outermost) noexcept {
    call_frame& last = call_frame::of(outermost);
    call_frame* frame = &last;
    for (call_frame* next = frame->callee(); next && next->holder_; next = frame->callee()) frame = next;
    while (frame != &last) {
        call_frame* caller = frame->caller_;
        frame->holder_->end();
        frame = caller;
    }
    outermost.destroy();
}

}  // namespace girin::detail
