// Children for a task_group, and how it ended, in words.
#pragma once

#include "tests/support/turns.hpp"

#include <girin/coro.hpp>
#include <girin/exception_group.hpp>
#include <girin/exceptions.hpp>
#include <girin/sleep.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace girin::test {

inline coro<> fail(std::string with) {
    co_await sleep(std::chrono::seconds(0));
    throw std::domain_error(with);
}

// Fails when it is cancelled.
inline coro<> fail_in_cleanup(std::string with) {
    try {
        co_await sleep(std::chrono::hours(1));
    } catch (const cancelled_error&) {
        throw std::domain_error(with);
    }
}

// Ends a turn after it was cancelled.
inline coro<> leave_late(bool& left) {
    std::exception_ptr raised;
    try {
        co_await sleep(std::chrono::hours(1));
    } catch (const cancelled_error&) {
        raised = std::current_exception();
    }
    co_await turns(3);
    left = true;
    std::rethrow_exception(raised);
}

inline std::string words_of(const std::exception_ptr& raised) {
    try {
        std::rethrow_exception(raised);
    } catch (const base_exception_group& group) {
        std::string words = "[";
        for (const auto& member : group.exceptions()) words += (words.size() > 1 ? " " : "") + words_of(member);
        return words + "]";
    } catch (const cancelled_error& e) {
        return "cancelled" + e.message();
    } catch (const timeout_error&) {
        return "timeout";
    } catch (const keyboard_interrupt&) {
        return "interrupt";
    } catch (const generator_exit&) {
        return "generator_exit";
    } catch (const std::exception& e) {
        return e.what();
    } catch (int number) {
        return std::to_string(number);
    }
}

// How it ends: "done", or what it raises.
template <class Awaitable>
coro<std::string> end_of(Awaitable awaited) {
    try {
        co_await std::move(awaited);
    } catch (...) {
        co_return words_of(std::current_exception());
    }
    co_return "done";
}

}  // namespace girin::test
