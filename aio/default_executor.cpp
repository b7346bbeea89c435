#include "aio/loop_core.hpp"

#include <girin/default_executor.hpp>
#include <girin/exceptions.hpp>

#include <exception>
#include <utility>

namespace girin {

thread_pool& default_executor() {
    return detail::loop_core::running().default_pool();
}

void set_default_executor(std::unique_ptr<thread_pool> pool) {
    detail::loop_core::running().set_default_pool(std::move(pool));
}

// A cancellation may drop the helper's job before it has begun: then it is submitted again.
coro<> shutdown_default_executor() {
    thread_pool* ending = detail::loop_core::running().end_default_pool();
    if (!ending) co_return;
    thread_pool helper({.threads = 1, .queue = 0, .name = "girin_end"});
    bool ended = false;
    auto end = [&] {
        ending->shutdown();
        ended = true;
    };
    std::exception_ptr cancelled;
    while (!ended) {
        try {
            co_await detail::thread_call<decltype(end)>(&helper, end);
        } catch (const cancelled_error&) {
            cancelled = std::current_exception();
        }
    }
    if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace girin
