#include "server/worker/lifespan_run.hpp"

#include "server/log/escape.hpp"
#include "server/log/log.hpp"
#include "server/worker/describe.hpp"

#include <girin/exceptions.hpp>

namespace girin::worker {

coro<> lifespan_run::startup() {
    if (use_ == lifespan_use::off) co_return;
    started_ = create_future();
    supported_ = true;
    task_ = create_task(call());
    task_.set_name("lifespan");
    co_await started_;
}

coro<> lifespan_run::shutdown() {
    if (!task_) co_return;
    stopping_ = true;
    if (phase_ != phase::serving) task_.cancel("its start-up is given up");
    if (waiting_ && !waiting_.done()) waiting_.set_result();
    co_await task_;
}

// Whatever the call ends with, startup() and shutdown() hear of it here, so nothing comes out of it.
coro<> lifespan_run::call() {
    scope s(scope_type::lifespan);
    s.state = &state_;
    std::exception_ptr raised;
    try {
        co_await app_(s, *this, *this);
    } catch (const cancelled_error&) {
        if (!started_.done()) raised = std::current_exception();
        if (stopping_ && phase_ != phase::startup && phase_ != phase::over)
            log::error("The application's shut-down did not end in time");
    } catch (...) {
        raised = std::current_exception();
    }
    phase_ = phase::over;
    if (started_.done()) {
        if (raised) log::error("Exception in the application's lifespan: " + describe(raised));
    } else if (use_ == lifespan_use::automatic) {
        log::debug("ASGI 'lifespan' protocol appears unsupported" +
                   (raised ? ": " + describe(raised) : std::string(".")));
        supported_ = false;
        started_.set_result();
    } else {
        started_.set_exception(
            startup_failed(raised ? describe(raised) : "the application returned without an answer"));
    }
}

// Nobody waits for the answer any more when the start-up has been given up.
void lifespan_run::answer_startup(const std::exception_ptr& failure) {
    phase_ = failure ? phase::over : phase::serving;
    if (started_.done()) return;
    if (failure)
        started_.set_exception(failure);
    else
        started_.set_result();
}

receiving lifespan_run::receive() {
    if (!startup_received_) {
        startup_received_ = true;
        return receive_message(lifespan_startup());
    }
    return wait_for_shutdown();
}

coro<receive_message> lifespan_run::wait_for_shutdown() {
    if (!stopping_) {
        waiting_ = create_future();
        co_await waiting_;
    }
    if (phase_ == phase::serving) phase_ = phase::shutdown;
    co_return lifespan_shutdown();
}

sending lifespan_run::send(const send_message& message) {
    if (phase_ == phase::startup && message.as<lifespan_startup_complete>()) {
        answer_startup(nullptr);
    } else if (const auto* failed = message.as<lifespan_startup_failed>(); failed && phase_ == phase::startup) {
        answer_startup(std::make_exception_ptr(startup_failed(log::escaped(failed->message))));
    } else if (phase_ == phase::shutdown && message.as<lifespan_shutdown_complete>()) {
        phase_ = phase::over;
    } else if (const auto* unclean = message.as<lifespan_shutdown_failed>(); unclean && phase_ == phase::shutdown) {
        phase_ = phase::over;
        log::error("Application shutdown failed: " + log::escaped(unclean->message));
    } else {
        const char* expected = phase_ == phase::startup ? "'lifespan.startup.complete' or 'lifespan.startup.failed'"
                               : phase_ == phase::shutdown
                                   ? "'lifespan.shutdown.complete' or 'lifespan.shutdown.failed'"
                                   : "no message";
        throw asgi_error("Expected ASGI message " + std::string(expected) + ", but got '" +
                         std::string(message.type()) + "'.");
    }
    return {};
}

}  // namespace girin::worker
