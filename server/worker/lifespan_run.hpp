// The server's side of lifespan: one long call of the application around the worker's life.
#pragma once

#include <girin/asgi.hpp>
#include <girin/future.hpp>
#include <girin/task.hpp>

#include <exception>
#include <stdexcept>
#include <string>

namespace girin::worker {

enum class lifespan_use { automatic, on, off };

// The application refused to start up; what() is its message.
struct startup_failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class lifespan_run final : private receiver, private sender {
 public:
    // The application must outlive this. Await shutdown() before this goes, however startup() ended.
    lifespan_run(const application& app, lifespan_use use) : app_(app), use_(use) {}

    // Sends lifespan.startup and returns when the application has answered. Throws startup_failed. An application that
    // raises before it answers does without lifespan, unless it is `on` (ASGI's rule).
    coro<> startup();
    // Sends lifespan.shutdown and waits for the answer and the end of the call. A call whose start-up failed or was
    // given up is cancelled. Cancelling this cancels the call, logs that, and still waits for its end.
    coro<> shutdown();

    // What start-up made, for the requests' scopes; null when lifespan is not used.
    lifespan_state* state() noexcept { return supported_ ? &state_ : nullptr; }

 private:
    enum class phase { startup, serving, shutdown, over };

    coro<> call();
    void answer_startup(const std::exception_ptr& failure);
    receiving receive() override;
    sending send(const send_message& message) override;
    coro<receive_message> wait_for_shutdown();

    const application& app_;
    lifespan_use use_;
    lifespan_state state_;
    task<> task_;
    future<> started_;
    future<> waiting_;  // of the receive() that waits for the shut-down
    phase phase_ = phase::startup;
    bool startup_received_ = false;
    bool stopping_ = false;
    bool supported_ = false;
};

}  // namespace girin::worker
