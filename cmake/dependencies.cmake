# What the library is made of; all of it is in Debian's archive, and none of it is needed by those who use the library.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)

# llhttp: the distribution's library where it has one, else the C sources of Debian 12's node-llhttp.
find_package(llhttp CONFIG QUIET)
set(girin_llhttp "")
foreach(name llhttp::llhttp llhttp::llhttp_shared llhttp::llhttp_static)
    if(NOT girin_llhttp AND TARGET ${name})
        set(girin_llhttp ${name})
    endif()
endforeach()
if(NOT girin_llhttp)
    find_path(girin_llhttp_sources llhttp.c PATHS /usr/share/llhttp REQUIRED)
    find_path(girin_llhttp_include llhttp.h PATHS /usr/share/include/llhttp REQUIRED)
    add_library(girin_llhttp_8 STATIC
        ${girin_llhttp_sources}/llhttp.c ${girin_llhttp_sources}/api.c ${girin_llhttp_sources}/http.c)
    target_include_directories(girin_llhttp_8 SYSTEM PUBLIC ${girin_llhttp_include})
    # STRICT_MODE must come from the command line: llhttp.c tests it before it includes anything.
    target_compile_definitions(girin_llhttp_8 PRIVATE LLHTTP_STRICT_MODE=1)
    target_compile_options(girin_llhttp_8 PRIVATE -w -O2)
    set(girin_llhttp girin_llhttp_8)
endif()

add_library(girin_dependencies INTERFACE)
target_link_libraries(girin_dependencies INTERFACE
    Threads::Threads Boost::headers ${girin_llhttp} nlohmann_json::nlohmann_json spdlog::spdlog CLI11::CLI11 ${CMAKE_DL_LIBS})
