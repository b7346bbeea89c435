#include "server/supervision/memory_file.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

using namespace girin::supervision;

TEST_CASE("a sealed file gives its content back and cannot be changed") {
    const girin::unique_fd file = create_sealed_file("test", "settings");
    CHECK(read_whole_file(file.get()) == "settings");
    CHECK(read_whole_file(file.get()) == "settings");
    CHECK(::pwrite(file.get(), "X", 1, 0) == -1);
    CHECK(::ftruncate(file.get(), 0) == -1);
    CHECK(errno == EPERM);
}

TEST_CASE("a memory file keeps its size, so that a mapping never faults") {
    const girin::unique_fd file = create_memory_file("test", 100);
    CHECK(::ftruncate(file.get(), 10) == -1);
    CHECK(::ftruncate(file.get(), 1000) == -1);
    CHECK(::pwrite(file.get(), "X", 1, 0) == 1);
}

TEST_CASE("what is written through a mapping is seen through another one") {
    const girin::unique_fd file = create_memory_file("test", 100);
    const mapping writer(file.get(), 100, mapping::access::read_write);
    const mapping reader(file.get(), 50, mapping::access::read_only);
    static_cast<char*>(writer.data())[7] = 'x';
    CHECK(static_cast<const char*>(reader.data())[7] == 'x');
}

TEST_CASE("a read-only descriptor of the same file cannot be mapped for writing") {
    const girin::unique_fd file = create_memory_file("test", 100);
    const girin::unique_fd copy = reopen_read_only(file.get());
    CHECK(::mmap(nullptr, 100, PROT_READ | PROT_WRITE, MAP_SHARED, copy.get(), 0) == MAP_FAILED);
    CHECK(::pwrite(copy.get(), "X", 1, 0) == -1);
    CHECK_NOTHROW(mapping(copy.get(), 100, mapping::access::read_only));
}

TEST_CASE("a file shorter than what is to be mapped is refused") {
    const girin::unique_fd file = create_memory_file("test", 100);
    CHECK_THROWS_WITH_AS(mapping(file.get(), 101, mapping::access::read_only),
                         "a shared memory file must have at least 101 bytes, and this has 100", std::length_error);
}
