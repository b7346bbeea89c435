#include "aio/timer_heap.hpp"

#include "aio/loop_core.hpp"

namespace girin::detail {

time_point time_after(std::chrono::nanoseconds delay) {
    return loop_core::running().time_after(delay);
}

void timer_node::arm(time_point when) {
    disarm();
    loop_core::running().timers.add(*this, when);
}

void timer_node::leave_heap() noexcept {
    heap_->remove(*this);
}

timer_heap::~timer_heap() {
    for (entry& e : heap_) e.node->heap_ = nullptr;
}

void timer_heap::add(timer_node& node, time_point when) {
    heap_.emplace_back();
    node.heap_ = this;
    node.when_ = when;
    sift_up(heap_.size() - 1, {when, ++armed_so_far_, &node});
}

void timer_heap::remove(timer_node& node) noexcept {
    std::size_t index = node.index_;
    node.heap_ = nullptr;
    entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    if (last < heap_[index])
        sift_up(index, last);
    else
        sift_down(index, last);
}

void timer_heap::place(std::size_t index, const entry& e) noexcept {
    heap_[index] = e;
    e.node->index_ = index;
}

void timer_heap::sift_up(std::size_t index, const entry& e) noexcept {
    while (index > 0) {
        std::size_t parent = (index - 1) / 2;
        if (!(e < heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, e);
}

void timer_heap::sift_down(std::size_t index, const entry& e) noexcept {
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
        if (!(heap_[child] < e)) break;
        place(index, heap_[child]);
        index = child;
    }
    place(index, e);
}

}  // namespace girin::detail
