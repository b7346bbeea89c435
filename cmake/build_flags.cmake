# Flags of our own code only; nothing here reaches the users of the library.
add_library(girin_build_flags INTERFACE)
set(is_clang $<CXX_COMPILER_ID:Clang>)
target_compile_options(girin_build_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wdangling>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,${is_clang}>:-Werror=dangling>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${GIRIN_WERROR}>>:-Werror>
    -gdwarf-4 -fno-omit-frame-pointer)  # Debian 12's valgrind cannot read DWARF 5.
if(GIRIN_SANITIZE)
    add_compile_options(-fsanitize=${GIRIN_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${GIRIN_SANITIZE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    string(REGEX MATCH "^[0-9]+" girin_llvm_major ${CMAKE_CXX_COMPILER_VERSION})
    find_program(girin_lld NAMES ld.lld-${girin_llvm_major} ld.lld)
    if(girin_lld)
        add_link_options(-fuse-ld=${girin_lld})
        if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT GIRIN_SANITIZE)
            add_compile_options(-flto=thin)
            add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto-cache)
        endif()
    endif()
endif()
find_program(girin_ccache ccache)
if(girin_ccache)
    set(CMAKE_C_COMPILER_LAUNCHER ${girin_ccache})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${girin_ccache})
endif()
