// The pool of to_thread, one for each loop.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/thread_pool.hpp>

#include <memory>

namespace girin {

// The running loop's default pool, which is made when it is first needed. std::runtime_error after its shutdown.
GIRIN_EXPORT thread_pool& default_executor();

// Gives the running loop a pool of your own. std::runtime_error when it has one already: to be called before the first
// to_thread.
GIRIN_EXPORT void set_default_executor(std::unique_ptr<thread_pool> pool);

// Waits until the default pool has called everything that it has accepted, and ends it; the loop goes on meanwhile.
// to_thread then raises std::runtime_error. run() does this at its end. A cancellation does not shorten it.
GIRIN_EXPORT coro<> shutdown_default_executor();

}  // namespace girin
