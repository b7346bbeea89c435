#include "aio/loop_core.hpp"
#include "aio/scheduled_call.hpp"
#include "aio/source_text.hpp"

#include <girin/exceptions.hpp>
#include <girin/loop.hpp>
#include <girin/task.hpp>

#include <cstdio>
#include <mutex>

namespace girin {

namespace detail {

void scheduled_call::run() {
    auto keep = std::move(self_);
    context_scope in_its_context(context_);
    auto callback = std::move(callback_);
    if (cancelled_) return;
    try {
        callback();
    } catch (const keyboard_interrupt&) {
        throw;
    } catch (...) {
        core_.report("Exception in callback", std::current_exception());
    }
}

void scheduled_call::drop() noexcept {
    disarm();
    auto callback = std::exchange(callback_, nullptr);
    auto keep = std::move(self_);
}

void scheduled_call::cancel() noexcept {
    cancelled_ = true;
    if (armed())
        drop();
    else  // a queued one stays where it is: its list may belong to another thread
        drop_callback();
}

void threadsafe_call::run() {
    state s = state::waiting;
    if (!state_.compare_exchange_strong(s, state::running)) return drop();
    struct end {
        std::shared_ptr<threadsafe_call> call;
        ~end() {
            call->state_ = state::done;
            call->state_.notify_all();
        }
    } at_end{std::static_pointer_cast<threadsafe_call>(self())};
    scheduled_call::run();
}

void threadsafe_call::cancel() noexcept {
    asked_ = true;
    bool in_loop = loop_core::current() == &core();
    state s = state::waiting;
    if (state_.compare_exchange_strong(s, state::cancelled)) {
        if (in_loop) drop_callback();
    } else if (s == state::running && !in_loop) {
        state_.wait(state::running);
    }
}

loop_address::loop_address(loop& l) : gate_(l.core().gate) {}

bool loop_address::call_soon(std::function<void()> callback) const {
    std::lock_guard lock(gate_->mutex);
    if (!gate_->loop) return false;
    return gate_->loop->push_threadsafe(*threadsafe_call::make(*gate_->loop, std::move(callback), std::nullopt, {}));
}

}  // namespace detail

using detail::loop_core;
using detail::scheduled_call;
using detail::threadsafe_call;

void handle::cancel() noexcept {
    if (auto call = call_) call->cancel();
}

bool handle::cancelled() const noexcept {
    return call_ && call_->cancelled();
}

loop::time_point timer_handle::when() const noexcept {
    return call_->when();
}

loop::loop(loop_options options) : core_(std::make_unique<loop_core>(*this, options)) {}

loop::~loop() {
    core_->close();
}

loop& loop::running() {
    return loop_core::running().owner;
}

loop::time_point loop::time() const {
    return core_->time();
}

void loop::advance(duration step) {
    core_->advance(step);
}

handle loop::call_soon(std::function<void()> callback, const std::optional<context>& in, std::source_location where) {
    core_->require_open();
    core_->require_own_thread();
    auto call = scheduled_call::make(*core_, std::move(callback), in, where);
    core_->take_inbox();  // what other threads have scheduled before comes first
    core_->ready.push_back(*call);
    return handle(std::move(call));
}

timer_handle loop::call_at(time_point when, std::function<void()> callback, const std::optional<context>& in,
                           std::source_location where) {
    core_->require_open();
    core_->require_own_thread();
    auto call = scheduled_call::make(*core_, std::move(callback), in, where);
    core_->timers.add(*call, when);
    return timer_handle(std::move(call));
}

timer_handle loop::call_later(duration delay, std::function<void()> callback, const std::optional<context>& in,
                              std::source_location where) {
    core_->require_open();
    core_->require_own_thread();
    auto call = scheduled_call::make(*core_, std::move(callback), in, where);
    core_->timers.add(*call, core_->time_after(delay));
    return timer_handle(std::move(call));
}

handle loop::call_soon_threadsafe(std::function<void()> callback, const std::optional<context>& in,
                                  std::source_location where) {
    auto call = threadsafe_call::make(*core_, std::move(callback), in, where);
    if (!core_->push_threadsafe(*call)) {
        call->drop();
        core_->require_open();
    }
    return handle(std::move(call));
}

void loop::add_signal_handler(int signo, std::function<void()> callback) {
    core_->require_open();
    core_->signals.add(signo, std::move(callback));
}

bool loop::remove_signal_handler(int signo) {
    return core_->signals.remove(signo);
}

void loop::run_forever() {
    core_->run_forever();
}

void loop::stop() noexcept {
    core_->stop();
}

bool loop::is_running() const noexcept {
    return core_->is_running;
}

void loop::close() {
    core_->close();
}

bool loop::is_closed() const noexcept {
    return core_->closed;
}

void loop::set_exception_handler(std::function<void(loop&, const exception_context&)> handler) {
    core_->exception_handler = std::move(handler);
}

void loop::call_exception_handler(const exception_context& context) {
    auto handler = core_->exception_handler;
    if (!handler) return default_exception_handler(context);
    try {
        handler(*this, context);
    } catch (const keyboard_interrupt&) {
        throw;
    } catch (...) {
        default_exception_handler({"Unhandled error in exception handler", std::current_exception(), {}});
        default_exception_handler(context);
    }
}

void loop::default_exception_handler(const exception_context& context) {
    std::string line = context.message;
    if (!context.task_name.empty()) line += " (" + context.task_name + ")";
    if (context.exception) {
        try {
            std::rethrow_exception(context.exception);
        } catch (const std::exception& e) {
            line += std::string(": ") + e.what();
        } catch (const cancelled_error& e) {
            line += ": cancelled " + e.message();
        } catch (...) {
            line += ": not a std::exception";
        }
    }
    for (const std::source_location& frame : context.call_stack) line += "\n  " + detail::frame_text(frame);
    std::fprintf(stderr, "%s\n", line.c_str());
}

void loop::set_debug(bool on) noexcept {
    core_->monitor.debug = on;
}

bool loop::get_debug() const noexcept {
    return core_->monitor.debug;
}

void loop::set_slow_callback_duration(std::chrono::nanoseconds least) noexcept {
    core_->monitor.slow_callback_duration = least;
}

std::chrono::nanoseconds loop::slow_callback_duration() const noexcept {
    return core_->monitor.slow_callback_duration;
}

loop_figures loop::figures() const {
    loop_figures now = core_->monitor.figures;
    core_->ready.for_each([&](const auto&) { ++now.ready; });
    now.timers = core_->timers.size();
    now.tasks = detail::task_core::count(*core_);
    return now;
}

}  // namespace girin
