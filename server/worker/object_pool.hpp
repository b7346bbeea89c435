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

    object take() {
        if (spare_.empty()) return make_();
        object taken = std::move(spare_.back());
        spare_.pop_back();
        return taken;
    }

    void give_back(object spare) noexcept {
        if (spare && spare_.size() < kept_) spare_.push_back(std::move(spare));
    }

 private:
    std::function<object()> make_;
    std::size_t kept_;
    std::vector<object> spare_;
};

}  // namespace girin::worker
