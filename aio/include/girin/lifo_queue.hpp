// lifo_queue: a queue that gives its newest item first (asyncio.LifoQueue).
#pragma once

#include <girin/queue.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

template <class T>
class lifo_core final : public queue_of<T> {
 public:
    using queue_of<T>::queue_of;

 private:
    void store(T&& item) override { items_.push_back(std::move(item)); }
    T take() override {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }
    void discard() noexcept override { std::vector<T>().swap(items_); }

    std::vector<T> items_;
};

}  // namespace detail

// A queue, last in, first out. It can be handed to whatever takes a queue<T>.
template <class T>
class lifo_queue : public queue<T> {
 public:
    // Room for so many items; without limit when it is 0 or less.
    explicit lifo_queue(std::ptrdiff_t maxsize = 0)
        : queue<T>(detail::ref<detail::queue_of<T>>(new detail::lifo_core<T>(maxsize))) {}
};

}  // namespace girin
