#include "app/testing/worker_life.hpp"

#include <stdexcept>

namespace girin::testing {

receiving worker_life::receive() {
    if (!std::exchange(startup_taken_, true)) return receive_message(lifespan_startup());
    if (phase_ == phase::stopping) return receive_message(lifespan_shutdown());
    return receiving(wait_);
}

sending worker_life::send(const send_message& message) {
    const auto* startup_failed = message.as<lifespan_startup_failed>();
    const auto* shutdown_failed = message.as<lifespan_shutdown_failed>();
    const bool starts = phase_ == phase::starting && (startup_failed || message.as<lifespan_startup_complete>());
    const bool stops = (phase_ == phase::serving || phase_ == phase::stopping) &&
                       (shutdown_failed || message.as<lifespan_shutdown_complete>());
    if (!starts && !stops) throw asgi_error("Got invalid state transition on lifespan protocol.");
    if (startup_failed) failure_ = startup_failed->message;
    if (shutdown_failed) failure_ = shutdown_failed->message;
    if (startup_failed || shutdown_failed)
        phase_ = phase::failed;
    else
        phase_ = starts ? phase::serving : phase::over;
    if (starts) started_.set_result();
    return {};
}

coro<void> worker_life::raise_failure() {
    co_await work_;
    throw std::runtime_error("the lifespan has failed: " + failure_);
}

coro<void> worker_life::start_up(const application& app) {
    scope_.state = &state_;
    started_ = create_future<void>();
    work_ = create_task(app(scope_, *this, *this));
    work_.add_done_callback([this](const auto&) {
        if (!started_.done()) started_.set_result();
    });
    co_await started_;
    if (phase_ == phase::failed) co_await raise_failure();
    if (phase_ != phase::starting) co_return;
    phase_ = phase::over;  // the application has returned or raised without a word: it has no lifespan
    work_.exception();
}

coro<void> worker_life::shut_down() {
    if (phase_ != phase::serving) co_return;
    phase_ = phase::stopping;
    wait_.release();
    co_await work_;
    if (phase_ == phase::failed) co_await raise_failure();
}

}  // namespace girin::testing
