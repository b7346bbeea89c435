// Tells AddressSanitizer which bytes of a buffer nobody may look at any more; nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GIRIN_POISONS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define GIRIN_POISONS
#endif

#if defined(GIRIN_POISONS)
#include <sanitizer/asan_interface.h>
#endif

namespace girin::worker {

#if defined(GIRIN_POISONS)
inline void poison(const void* bytes, std::size_t size) noexcept {
    ASAN_POISON_MEMORY_REGION(bytes, size);
}
inline void unpoison(const void* bytes, std::size_t size) noexcept {
    ASAN_UNPOISON_MEMORY_REGION(bytes, size);
}
#else
inline void poison(const void*, std::size_t) noexcept {}
inline void unpoison(const void*, std::size_t) noexcept {}
#endif

}  // namespace girin::worker
