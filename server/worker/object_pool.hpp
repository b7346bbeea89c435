// Spare objects that are dear to make: request storage and output buffers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace girin::worker {

template <class T>
class object_pool {
 public:
    using object = std::unique_ptr<T>;

    object_pool(std::function<object()> make, std::size_t kept) : make_(std::move(make)), kept_(kept) {
        spare_.reserve(kept);
    }

    // Puts an object where there is none.
    void provide(object& holder) {
        if (holder) return;
        if (spare_.empty()) return make(holder);
        holder.swap(spare_.back());
        spare_.pop_back();
    }

    // Takes the object from where it is, if there is one.
    void give_back(object& holder) noexcept {
        if (!holder) return;
        if (spare_.size() == kept_) return holder.reset();
        spare_.push_back(std::move(holder));
    }

 private:
    [[gnu::noinline]] void make(object& holder) { holder = make_(); }

    std::function<object()> make_;
    std::size_t kept_;
    std::vector<object> spare_;
};

}  // namespace girin::worker
