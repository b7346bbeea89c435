// A receive() that waits until its one message is released.
#pragma once

#include <girin/asgi.hpp>

#include <string>

namespace girin::testing {

class message_wait final : public receive_wait {
 public:
    explicit message_wait(receive_message message) : message_(message) {}

    void release() {
        if (suspended() && !linked()) wake();
    }
    bool cancel(const std::string& message) override { return accept_cancel(message); }
    receive_message take() override { return message_; }

 private:
    receive_message message_;
};

}  // namespace girin::testing
