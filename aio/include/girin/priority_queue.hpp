// priority_queue: a queue that gives its smallest item first (asyncio.PriorityQueue).
#pragma once

#include <girin/queue.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

template <class T, class Compare>
class priority_core final : public queue_of<T> {
 public:
    priority_core(std::ptrdiff_t maxsize, Compare compare) : queue_of<T>(maxsize), greater_{std::move(compare)} {}

 private:
    // The heap algorithms of the library keep the greatest in front.
    struct greater {
        Compare less;
        bool operator()(const T& a, const T& b) const { return less(b, a); }
    };

    void store(T&& item) override {
        items_.push_back(std::move(item));
        std::push_heap(items_.begin(), items_.end(), greater_);
    }
    T take() override {
        std::pop_heap(items_.begin(), items_.end(), greater_);
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }
    void discard() noexcept override { std::vector<T>().swap(items_); }

    greater greater_;
    std::vector<T> items_;
};

}  // namespace detail

// A queue that gives the item first that is less than all others; equal ones come in no particular order. It can be
// handed to whatever takes a queue<T>. Neither the comparison nor moving an item may throw.
template <class T, class Compare = std::less<T>>
class priority_queue : public queue<T> {
 public:
    // Room for so many items; without limit when it is 0 or less.
    explicit priority_queue(std::ptrdiff_t maxsize = 0, Compare compare = Compare())
        : queue<T>(
              detail::ref<detail::queue_of<T>>(new detail::priority_core<T, Compare>(maxsize, std::move(compare)))) {}
};

}  // namespace girin
