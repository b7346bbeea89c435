# How everything in this tree is compiled: debug format, sanitizers, linker, LTO, ccache; and the warnings of our own code.
add_compile_options(-gdwarf-4)  # Debian 12's valgrind cannot read clang's DWARF 5.

# g++ 14 passes control from coroutine to coroutine without deepening the stack only where it makes such calls jumps.
set(girin_coroutine_options $<$<CXX_COMPILER_ID:GNU>:-foptimize-sibling-calls>)

add_library(girin_build_flags INTERFACE)
target_compile_options(girin_build_flags INTERFACE ${girin_coroutine_options}
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Debug>>:-Og>)  # without which g++ 14 never does
target_link_options(girin_build_flags INTERFACE -Wl,--build-id)
set(girin_warnings -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    list(APPEND girin_warnings -Wshadow -Wdangling -Werror=dangling)  # g++ calls more than these shadows.
endif()
if(GIRIN_WERROR)
    list(APPEND girin_warnings -Werror)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        list(APPEND girin_warnings -Wno-error=maybe-uninitialized)  # Wrong about std::optional: GCC's bug 80635.
    endif()
endif()
target_compile_options(girin_build_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${girin_warnings}>)

if(GIRIN_SANITIZE)
    add_compile_options(-fsanitize=${GIRIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${GIRIN_SANITIZE})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    string(REGEX MATCH "^[0-9]+" girin_llvm_major ${CMAKE_CXX_COMPILER_VERSION})
    find_program(girin_lld NAMES ld.lld-${girin_llvm_major} ld.lld)
    if(girin_lld)
        add_link_options(--ld-path=${girin_lld})
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT GIRIN_SANITIZE)
        if(girin_lld AND CMAKE_CXX_COMPILER_AR)
            add_compile_options(-flto=thin)
            add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto-cache)
        else()
            message(WARNING "A release without thin LTO: ld.lld or llvm-ar is missing (lld-${girin_llvm_major}, llvm-${girin_llvm_major}).")
        endif()
    endif()
endif()

find_program(girin_ccache ccache)
if(girin_ccache)
    # The sloppiness is what ccache asks for where a header is precompiled.
    set(girin_sloppiness pch_defines time_macros $ENV{CCACHE_SLOPPINESS})
    list(JOIN girin_sloppiness "," girin_sloppiness)
    set(girin_ccache ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=${girin_sloppiness} ${girin_ccache})
    set(CMAKE_C_COMPILER_LAUNCHER ${girin_ccache})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${girin_ccache})
endif()
