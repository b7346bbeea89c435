#include <girin/queue.hpp>

#include <algorithm>
#include <utility>

namespace girin {

queue_empty::~queue_empty() = default;
queue_full::~queue_full() = default;
queue_shut_down::~queue_shut_down() = default;

namespace detail {

queue_core::~queue_core() = default;

void queue_core::throw_cannot_put() const {
    if (shut_down_) throw queue_shut_down();
    throw queue_full();
}

void queue_core::throw_cannot_get() const {
    if (shut_down_) throw queue_shut_down();
    throw queue_empty();
}

void queue_core::task_done() {
    joiners_.require_own_thread();
    if (unfinished_ == 0)
        throw std::invalid_argument("task_done() called too many times: call it once for each item that was put");
    if (--unfinished_ == 0) joiners_.wake_all();
}

void queue_core::require_own_thread() const {
    for (const wait_line* line : {&getters_, &putters_, &joiners_}) line->require_own_thread();
}

void queue_core::shutdown() {
    require_own_thread();
    shut_down_ = true;
    getters_.wake_all();
    putters_.wake_all();
}

// The items go last, because their destructors may do anything, even with this queue.
void queue_core::shutdown(immediate_t) {
    require_own_thread();
    const ref<queue_core> keep(this);
    shut_down_ = true;
    unfinished_ -= std::min(unfinished_, std::exchange(size_, 0));
    if (unfinished_ == 0) joiners_.wake_all();
    getters_.wake_all();
    putters_.wake_all();
    discard();
}

queue_wait::~queue_wait() {
    if (leave()) pass_on();
}

void queue_wait::run() {
    if (possible() || cancellation_pending())
        waiter::run();
    else
        wait_again();
}

void queue_wait::pass_on() {
    if (possible()) line().wake_first();
}

join_wait::~join_wait() {
    leave();
}

}  // namespace detail

}  // namespace girin
