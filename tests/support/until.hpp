// Waits for a condition, with a deadline.
#pragma once

#include <girin/coro.hpp>
#include <girin/sleep.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

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

}  // namespace girin::test
