// What a shared object and the server that loads it must agree on, as text in an ELF note, which can be read before any
// code of the object runs.
#pragma once

#include <girin/version.hpp>

#include <cstddef>
#include <cstdint>

#define GIRIN_TEXT_OF(x) #x
#define GIRIN_TEXT(x) GIRIN_TEXT_OF(x)

#if defined(__clang__)
#define GIRIN_STAMP_COMPILER "clang " GIRIN_TEXT(__clang_major__)
#else
#define GIRIN_STAMP_COMPILER "g++ " GIRIN_TEXT(__GNUC__)
#endif

#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define GIRIN_STAMP_LIBRARY "libstdc++ cxx11"
#elif defined(__GLIBCXX__)
#define GIRIN_STAMP_LIBRARY "libstdc++"
#else
#define GIRIN_STAMP_LIBRARY "libc++"
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GIRIN_STAMP_SANITIZER "address sanitizer"
#elif __has_feature(thread_sanitizer)
#define GIRIN_STAMP_SANITIZER "thread sanitizer"
#endif
#endif
#if !defined(GIRIN_STAMP_SANITIZER)
#if defined(__SANITIZE_ADDRESS__)
#define GIRIN_STAMP_SANITIZER "address sanitizer"
#elif defined(__SANITIZE_THREAD__)
#define GIRIN_STAMP_SANITIZER "thread sanitizer"
#else
#define GIRIN_STAMP_SANITIZER "no sanitizer"
#endif
#endif

#define GIRIN_STAMP "girin " GIRIN_VERSION ", " GIRIN_STAMP_COMPILER ", " GIRIN_STAMP_LIBRARY ", " GIRIN_STAMP_SANITIZER

namespace girin::detail {

inline constexpr const char stamp_owner[8] = "girin";

// An ELF note as it lies in the file: sizes, type, owner, description.
struct alignas(4) stamp_note {
    std::uint32_t owner_size = 6;
    std::uint32_t text_size = sizeof(GIRIN_STAMP);
    std::uint32_t type = 1;
    char owner[8] = "girin";
    char text[(sizeof(GIRIN_STAMP) + 3) / 4 * 4] = GIRIN_STAMP;
};

}  // namespace girin::detail
