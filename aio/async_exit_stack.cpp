#include <girin/async_exit_stack.hpp>

namespace girin {

detail::exit_callback::~exit_callback() = default;

async_exit_stack::~async_exit_stack() = default;

// What is pushed by what is called is called, too.
coro<std::exception_ptr> async_exit_stack::unwind(async_exit_stack& stack, std::exception_ptr raised) {
    while (!stack.callbacks_.empty()) {
        auto last = std::move(stack.callbacks_.front());
        stack.callbacks_.pop_front();
        try {
            if (co_await last->leave(raised)) raised = nullptr;
        } catch (...) {
            raised = std::current_exception();
        }
    }
    co_return raised;
}

coro<> async_exit_stack::aclose() {
    if (std::exception_ptr raised = co_await unwind(*this, nullptr)) std::rethrow_exception(raised);
}

}  // namespace girin
