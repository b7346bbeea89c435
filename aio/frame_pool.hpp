// Free lists for coroutine frames and other short-lived objects of one loop. Not thread-safe, but a block may be freed
// by another thread or loop: every block comes from operator new, in the rounded size.
#pragma once

#include <array>
#include <cstddef>

namespace girin::detail {

class frame_pool {
 public:
    frame_pool() = default;
    frame_pool(const frame_pool&) = delete;
    frame_pool& operator=(const frame_pool&) = delete;
    ~frame_pool();

    void* allocate(std::size_t size);
    void free(void* memory, std::size_t size) noexcept;

    static constexpr std::size_t rounded(std::size_t size) { return (size + step - 1) / step * step; }

 private:
    static constexpr std::size_t step = 64;
    static constexpr std::size_t classes = 65;         // larger blocks than 4 KiB are not kept
    static constexpr std::size_t kept_bytes = 65'536;  // of each class at most: a burst is given back

    struct block {
        block* next;
    };
    struct size_class {
        block* first = nullptr;
        std::size_t bytes = 0;
    };
    std::array<size_class, classes> classes_;
};

}  // namespace girin::detail
