// A coroutine that belongs to nobody: it starts at once and frees itself when it ends. Lighter than a task, and so no
// task: it can await only what its owner wakes.
#pragma once

#include <girin/coro.hpp>

#include <coroutine>
#include <exception>

namespace girin::worker {

struct detached {
    struct promise_type : girin::detail::pooled {
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

}  // namespace girin::worker
