// What a function writes to stderr.
#pragma once

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

namespace girin::test {

inline std::string written_by(const std::function<void()>& function) {
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO), file = ::memfd_create("stderr", MFD_CLOEXEC);
    REQUIRE(kept >= 0);
    REQUIRE(::dup2(file, STDERR_FILENO) == STDERR_FILENO);
    function();
    std::fflush(stderr);
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    std::string written(4096, '\0');
    ssize_t size = ::pread(file, written.data(), written.size(), 0);
    ::close(file);
    written.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return written;
}

}  // namespace girin::test
