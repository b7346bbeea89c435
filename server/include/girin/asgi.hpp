// The contract between server and application: ASGI 3.0 (spec 2.5) in C++.
#pragma once

#include <girin/application.hpp>
#include <girin/asgi_error.hpp>
#include <girin/coro.hpp>
#include <girin/messages.hpp>
#include <girin/scope.hpp>
#include <girin/status.hpp>
#include <girin/wait_point.hpp>

#include <optional>
#include <utility>

namespace girin {

// What send() returns: an awaiter, not a coroutine. It is usually done when it comes back; else it waits for the
// transport, or runs the coroutine that a middleware's sender returned. Await it in the expression that calls send: a
// response whose last send was not awaited, and was still under way when the application returned, is torn, and what
// that send viewed must live until then.
class [[nodiscard]] sending {
 public:
    sending() noexcept = default;
    sending(detail::wait_point& wait) noexcept : wait_(&wait) {}
    sending(coro<void> work) noexcept : work_(std::move(work)) {}

    bool await_ready() const { return wait_ ? wait_->ready() : !work_; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) {
        if (!work_) {
            wait_->suspend(caller);
            return std::noop_coroutine();
        }
        running_.emplace(work_.release());
        return running_->await_suspend(caller);
    }
    void await_resume() {
        if (wait_) wait_->resumed();
        if (running_) running_->await_resume();
    }

 private:
    detail::wait_point* wait_ = nullptr;
    coro<void> work_;
    std::optional<coro<void>::awaiter> running_;
};

// The third argument: `co_await send(http_response_start(200))`. The message and all it views must live until that
// returns, and it returns when the server can take more. Raises asgi_error when the message may not come now, or is not
// fit to be sent, and client_disconnected when the client has left. One send at a time.
class sender {
 public:
    virtual ~sender() = default;
    sending operator()(const send_message& message) { return send(message); }

 protected:
    // For middleware: look at or replace the message, then return next(message), or a coro<void> that awaits it.
    virtual sending send(const send_message& message) = 0;
};

// How a server's receive() waits: woken when there is a message, which take() then yields.
class receive_wait : public detail::wait_point {
 public:
    virtual receive_message take() = 0;
};

// What receive() returns: an awaiter of the next message.
class [[nodiscard]] receiving {
 public:
    receiving(receive_message message) noexcept : message_(message) {}
    receiving(receive_wait& wait) noexcept : wait_(&wait) {}
    receiving(coro<receive_message> work) noexcept : work_(std::move(work)) {}

    bool await_ready() const { return message_.has_value() || (wait_ && wait_->ready()); }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) {
        if (wait_) {
            wait_->suspend(caller);
            return std::noop_coroutine();
        }
        running_.emplace(work_.release());
        return running_->await_suspend(caller);
    }
    receive_message await_resume() {
        if (message_) return *message_;
        if (!wait_) return running_->await_resume();
        wait_->resumed();
        return wait_->take();
    }

 private:
    std::optional<receive_message> message_;
    receive_wait* wait_ = nullptr;
    coro<receive_message> work_;
    std::optional<coro<receive_message>::awaiter> running_;
};

// The second argument: `auto message = co_await receive()`. The message's views are valid until the next receive().
// After http.disconnect every further call yields http.disconnect. One receive at a time. Cancelling the task
// interrupts it.
class receiver {
 public:
    virtual ~receiver() = default;
    receiving operator()() { return receive(); }

 protected:
    virtual receiving receive() = 0;
};

}  // namespace girin
