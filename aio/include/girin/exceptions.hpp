// The exceptions of asyncio.
#pragma once

#include <girin/export.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace girin {

// Raised at the await point of a task that was cancelled (asyncio.CancelledError). Not derived from std::exception, so
// that a handler of ordinary errors does not swallow it.
class GIRIN_EXPORT cancelled_error {
 public:
    explicit cancelled_error(std::string message = {}) : message_(std::move(message)) {}
    cancelled_error(const cancelled_error&) = default;
    virtual ~cancelled_error();

    // What was given to cancel(), or nothing.
    const std::string& message() const noexcept { return message_; }

 private:
    std::string message_;
};

// A deadline passed (TimeoutError). Its cause is the cancelled_error that interrupted the body, if any.
class GIRIN_EXPORT timeout_error : public std::runtime_error {
 public:
    explicit timeout_error(std::exception_ptr cause = nullptr)
        : std::runtime_error("timed out"), cause_(std::move(cause)) {}
    timeout_error(const timeout_error&) = default;
    ~timeout_error() override;

    std::exception_ptr cause() const noexcept { return cause_; }

 private:
    std::exception_ptr cause_;
};

// The operation does not fit the future's state (asyncio.InvalidStateError).
class GIRIN_EXPORT invalid_state_error : public std::logic_error {
 public:
    using std::logic_error::logic_error;
    invalid_state_error(const invalid_state_error&) = default;
    ~invalid_state_error() override;
};

// Raised at the co_yield of a generator that is being closed (GeneratorExit). Let it pass.
class GIRIN_EXPORT generator_exit {
 public:
    generator_exit() = default;
    generator_exit(const generator_exit&) = default;
    virtual ~generator_exit();
};

// Ctrl-C (KeyboardInterrupt): what leaves a task with this also leaves the loop.
class GIRIN_EXPORT keyboard_interrupt {
 public:
    keyboard_interrupt() = default;
    keyboard_interrupt(const keyboard_interrupt&) = default;
    virtual ~keyboard_interrupt();
};

}  // namespace girin
