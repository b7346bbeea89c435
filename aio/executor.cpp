#include "aio/loop_core.hpp"

#include <girin/executor.hpp>

namespace girin {

executor::~executor() = default;

namespace detail {

void pool_job::accepted() {
    next = nullptr;
    loop_ = &loop_core::running();
    loop_->pool_calls.fetch_add(1);
}

void pool_job::taken_back() noexcept {
    loop_->pool_calls.fetch_sub(1);
}

void pool_job::run() noexcept {
    loop_core& loop = *loop_;
    execute();
    loop.push_threadsafe(finished());
    loop.pool_calls.fetch_sub(1);
}

}  // namespace detail

}  // namespace girin
