#include "aio/loop_core.hpp"

#include <girin/async_generator.hpp>
#include <girin/gather.hpp>

#include <vector>

namespace girin::detail {

void generator_core::check_idle() const {
    if (caller_) throw std::runtime_error("asynchronous generator is already running");
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
    return std::exchange(caller_, nullptr);
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
    generator_core& core;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const { return core.resume_for(caller); }
    void await_resume() const noexcept {}
};

coro<void> generator_core::close(generator_core& core) {
    if (core.finished_) co_return;
    if (!core.started_) {
        core.finished_ = true;
        co_return;
    }
    core.closing_ = true;
    co_await closing_awaiter{core};
    if (!core.finished_) throw std::runtime_error("async generator ignored generator_exit");
    try {
        core.rethrow();
    } catch (const generator_exit&) {
    }
}

coro<void> generator_core::close_all(loop_core& loop) {
    std::vector<coro<void>> closing;
    for (generator_core* core = loop.generators; core; core = core->next_)
        if (!core->caller_) closing.push_back(close(*core));
    auto results = co_await gather(return_exceptions, std::move(closing));
    for (const auto& result : results)
        if (!result.has_value())
            loop.report("an error occurred during closing of asynchronous generator", result.exception());
}

void generator_core::forget_all(loop_core& loop) noexcept {
    while (loop.generators) loop.generators->leave_loop();
}

}  // namespace girin::detail
