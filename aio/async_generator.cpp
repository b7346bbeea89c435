#include "aio/loop_core.hpp"
#include "aio/source_text.hpp"

#include <girin/async_generator.hpp>
#include <girin/exceptions.hpp>

#include <string>

namespace girin::detail {

void generator_core::check_idle() const {
    if (caller_)
        throw std::runtime_error(
            "asynchronous generator is already running: one task at a time may await its next() or aclose()");
}

std::coroutine_handle<> generator_core::resume_for(std::coroutine_handle<> caller) {
    check_idle();
    if (!started_) {
        started_ = true;
        loop_core& loop = loop_core::running();
        next_ = loop.generators;
        link_ = &loop.generators;
        if (next_) next_->link_ = &next_;
        loop.generators = this;
    }
    caller_ = caller;
    return body;
}

std::coroutine_handle<> generator_core::yield_to_caller() noexcept {
    left();
    return std::exchange(caller_, nullptr);
}

void generator_core::drop() noexcept {
    const bool at_yield = started_ && !finished_ && !caller_;
    const std::source_location place = where();
    destroy_chain(body);
    loop_core* loop = loop_core::current();
    if (!at_yield || !loop || !loop->monitor.debug) return;
    try {
        loop->report("async generator '" + std::string(function_name(place)) +
                         "' was dropped before its end, and what its clean-up would await does not run: iterate to its "
                         "end, or await aclose()",
                     nullptr, {}, {place});
    } catch (...) {  // keyboard_interrupt out of the handler cannot be raised from here
    }
}

void generator_core::finish(std::exception_ptr raised) noexcept {
    finished_ = true;
    raised_ = std::move(raised);
    leave_loop();
}

void generator_core::leave_loop() noexcept {
    if (!link_) return;
    *link_ = next_;
    if (next_) next_->link_ = link_;
    link_ = nullptr;
}

struct generator_core::closing_awaiter {
    explicit closing_awaiter(generator_core& c) : core(c) {}
    closing_awaiter(const closing_awaiter&) = delete;
    closing_awaiter& operator=(const closing_awaiter&) = delete;
    ~closing_awaiter() {
        if (closing) closing->abandon_callee();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(coro<void>::handle_type caller) {
        const std::coroutine_handle<> next = core.resume_for(caller);
        core.called_by(caller);
        closing = &caller.promise();
        return next;
    }
    void await_resume() noexcept { closing = nullptr; }

    generator_core& core;
    call_frame* closing = nullptr;  // while it waits
};

coro<void> generator_core::close(generator_core& core) {
    if (core.finished_) co_return;
    if (!core.started_) {
        core.finished_ = true;
        co_return;
    }
    core.closing_ = true;
    co_await closing_awaiter(core);
    core.closing_ = false;
    if (!core.finished_) throw std::runtime_error("async generator ignored generator_exit");
    try {
        core.rethrow();
    } catch (const generator_exit&) {
    }
}

// One after another, and the last started first: a generator may own those that it iterates.
coro<void> generator_core::close_all(loop_core& loop) {
    for (;;) {
        generator_core* core = loop.generators;
        while (core && core->caller_) core = core->next_;  // somebody waits for it still
        if (!core) co_return;
        core->leave_loop();
        std::exception_ptr raised;
        try {
            co_await close(*core);
        } catch (const keyboard_interrupt&) {
            throw;
        } catch (...) {
            raised = std::current_exception();
        }
        if (raised) loop.report("an error occurred during closing of asynchronous generator", raised);
    }
}

void generator_core::forget_all(loop_core& loop) noexcept {
    while (loop.generators) loop.generators->leave_loop();
}

}  // namespace girin::detail
