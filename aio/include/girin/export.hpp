// Marks what libgirin.so lets applications see; everything else stays hidden inside it.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13 && !defined(GIRIN_ALLOW_BROKEN_COROUTINES)
#error \
    "girin needs clang >= 19 or g++ >= 14: g++ 12 miscompiles coroutines (define GIRIN_ALLOW_BROKEN_COROUTINES to go on anyway)"
#endif

#define GIRIN_EXPORT [[gnu::visibility("default")]]
