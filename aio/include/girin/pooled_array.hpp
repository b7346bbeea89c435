// An array of a size that is known when it is made, in the memory that frames come from: no allocation once warm.
#pragma once

#include <girin/frame_pool.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace girin::detail {

template <class T>
class pooled_array {
 public:
    explicit pooled_array(std::size_t size)
        : size_(size), items_(size ? static_cast<T*>(allocate_frame(size * sizeof(T))) : nullptr) {
        static_assert(alignof(T) <= alignof(std::max_align_t) && std::is_nothrow_default_constructible_v<T>);
        std::uninitialized_value_construct_n(items_, size_);
    }
    pooled_array(const pooled_array&) = delete;
    pooled_array& operator=(const pooled_array&) = delete;
    ~pooled_array() {
        if (!items_) return;
        std::destroy_n(items_, size_);
        free_frame(items_, size_ * sizeof(T));
    }

    std::size_t size() const noexcept { return size_; }
    T& operator[](std::size_t i) noexcept { return items_[i]; }
    T* begin() noexcept { return items_; }
    T* end() noexcept { return items_ + size_; }

 private:
    const std::size_t size_;
    T* const items_;
};

}  // namespace girin::detail
