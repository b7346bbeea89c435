// The lifespan of the in-memory client's application: start-up when the client is made, shut-down when it is closed.
#pragma once

#include "app/testing/message_wait.hpp"

#include <girin/asgi.hpp>
#include <girin/task.hpp>

#include <optional>
#include <string>

namespace girin::testing {

class worker_life final : private receiver, private sender {
 public:
    // Returns when start-up is complete, or when the application has none; raises what fails in it.
    coro<void> start_up(const application& app);
    // Raises what fails in shut-down. Nothing happens without a start-up, or a second time.
    coro<void> shut_down();

    lifespan_state& state() noexcept { return state_; }

 private:
    enum class phase : unsigned char { starting, serving, stopping, failed, over };

    receiving receive() override;
    sending send(const send_message& message) override;
    coro<void> raise_failure();

    lifespan_state state_;
    scope scope_{scope_type::lifespan};
    phase phase_ = phase::starting;
    bool startup_taken_ = false;
    std::string failure_;
    message_wait wait_{lifespan_shutdown()};
    future<void> started_;
    task<void> work_;
};

}  // namespace girin::testing
