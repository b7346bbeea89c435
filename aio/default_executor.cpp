#include "aio/loop_core.hpp"

#include <girin/default_executor.hpp>

#include <utility>

namespace girin {

thread_pool& default_executor() {
    return detail::loop_core::running().default_pool();
}

void set_default_executor(std::unique_ptr<thread_pool> pool) {
    detail::loop_core::running().set_default_pool(std::move(pool));
}

// The pool itself goes in this thread: a cancellation may ask it, as long as it lives, to give something back.
coro<> shutdown_default_executor() {
    std::unique_ptr<thread_pool> ending = detail::loop_core::running().end_default_pool();
    if (!ending) co_return;
    thread_pool helper({.threads = 1, .queue = 0, .name = "girin_end"});
    auto end = [&] { ending->shutdown(); };
    co_await detail::thread_call<decltype(end)>(&helper, end);
}

}  // namespace girin
