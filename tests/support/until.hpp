// Waits for a condition, with a deadline.
#pragma once

#include <girin/coro.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

namespace girin::test {

constexpr std::chrono::seconds patience(20);

// Lets the loop turn until the condition holds; fails the test when it does not.
template <class Condition>
coro<> until(Condition condition, const char* what = "the condition holds") {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) FAIL("waited in vain until ", std::string(what));
        co_await sleep(std::chrono::nanoseconds(0));
    }
}

// Blocks the thread until the condition holds, and the loop with it, if one runs here. Returns false when it does not.
template <class Condition>
bool comes_true(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
}

}  // namespace girin::test
