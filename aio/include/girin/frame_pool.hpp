// Free lists for coroutine frames and other short-lived objects of one loop, so that a warm program allocates nothing.
#pragma once

#include <girin/export.hpp>

#include <array>
#include <cstddef>
#include <new>

namespace girin::detail {

// Not thread-safe, but a block may be freed by another thread or loop: every block comes from operator new, in the
// rounded size.
class GIRIN_EXPORT frame_pool {
 public:
    frame_pool() = default;
    frame_pool(const frame_pool&) = delete;
    frame_pool& operator=(const frame_pool&) = delete;
    ~frame_pool();

    // Inline, for a coroutine call is little more than this, and its size is known where it is made.
    void* allocate(std::size_t size) {
        size = rounded(size);
        if (size / step < classes) {
            size_class& c = classes_[size / step];
            if (block* first = c.first) {
                c.first = first->next;
                c.bytes -= size;
                return first;
            }
        }
        return ::operator new(size);
    }
    void free(void* memory, std::size_t size) noexcept {
        size = rounded(size);
        if (size / step < classes && classes_[size / step].bytes + size <= kept_bytes) {
            size_class& c = classes_[size / step];
            c.first = ::new (memory) block{c.first};
            c.bytes += size;
            return;
        }
        ::operator delete(memory);
    }

    static constexpr std::size_t rounded(std::size_t size) { return (size + step - 1) / step * step; }

    // That of the loop which runs in this thread; null when none does.
    [[gnu::tls_model("initial-exec")]] static constinit thread_local frame_pool* running;

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

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool keeps_frames = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool keeps_frames = false;
#else
inline constexpr bool keeps_frames = true;
#endif
#else
inline constexpr bool keeps_frames = true;
#endif

// Under the address sanitizer nothing is kept, so that it sees what is used after its end.
inline void* allocate_frame(std::size_t size) {
    if (keeps_frames)
        if (frame_pool* pool = frame_pool::running) return pool->allocate(size);
    return ::operator new(frame_pool::rounded(size));
}

inline void free_frame(void* frame, [[maybe_unused]] std::size_t size) noexcept {
    if (keeps_frames)
        if (frame_pool* pool = frame_pool::running) return pool->free(frame, size);
    ::operator delete(frame);
}

// For what the standard library allocates.
template <class T>
struct pooled_allocator {
    using value_type = T;

    pooled_allocator() noexcept = default;
    template <class U>
    pooled_allocator(const pooled_allocator<U>&) noexcept {}

    T* allocate(std::size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
    void deallocate(T* items, std::size_t count) noexcept { free_frame(items, count * sizeof(T)); }

    friend bool operator==(const pooled_allocator&, const pooled_allocator&) noexcept { return true; }
};

struct pooled {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
};

}  // namespace girin::detail
