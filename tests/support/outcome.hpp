// Something to await, and how it ended, in a word.
#pragma once

#include <girin/coro.hpp>
#include <girin/exceptions.hpp>
#include <girin/sleep.hpp>
#include <girin/thread_pool.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

namespace girin::test {

// A sleep in a coroutine of its own.
inline coro<> sleep_for(std::chrono::nanoseconds delay) {
    co_await sleep(delay);
}

// Awaits it, and tells what it raised, or "done".
template <class Awaitable>
coro<std::string> outcome_of(Awaitable awaited) {
    try {
        co_await std::move(awaited);
    } catch (const cancelled_error& e) {
        co_return e.message().empty() ? "cancelled" : "cancelled:" + e.message();
    } catch (const timeout_error&) {
        co_return "timeout";
    } catch (const pool_full&) {
        co_return "full";
    } catch (const std::system_error& e) {
        co_return e.code().message();
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "done";
}

// The same for what is not cancelled: all that the exception says.
template <class Awaitable>
coro<std::string> message_of(Awaitable awaited) {
    try {
        co_await std::move(awaited);
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "done";
}

}  // namespace girin::test
