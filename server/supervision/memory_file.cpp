#include "server/supervision/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace girin::supervision {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void seal(int fd, int seals) {
    if (::fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        fail("cannot seal a memory file");
}

unique_fd create(const char* name) {
    unique_fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) fail("cannot create a memory file");
    return fd;
}

std::size_t size_of(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) < 0) fail("cannot look at a memory file");
    return static_cast<std::size_t>(status.st_size);
}

}  // namespace

unique_fd create_memory_file(const char* name, std::size_t bytes) {
    unique_fd fd = create(name);
    if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) < 0) fail("cannot size a memory file");
    seal(fd.get(), 0);
    return fd;
}

unique_fd create_sealed_file(const char* name, std::string_view content) {
    unique_fd fd = create(name);
    while (!content.empty()) {
        const ssize_t written = ::write(fd.get(), content.data(), content.size());
        if (written < 0) fail("cannot fill a memory file");
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    seal(fd.get(), F_SEAL_WRITE);
    return fd;
}

std::string read_whole_file(int fd) {
    std::string content(size_of(fd), '\0');
    std::size_t have = 0;
    while (have < content.size()) {
        const ssize_t got = ::pread(fd, content.data() + have, content.size() - have, static_cast<off_t>(have));
        if (got < 0) fail("cannot read a memory file");
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    content.resize(have);
    return content;
}

unique_fd reopen_read_only(int fd) {
    unique_fd reopened(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
    if (!reopened) fail("cannot reopen a memory file");
    return reopened;
}

mapping::mapping(int fd, std::size_t bytes, access how) : bytes_(bytes) {
    if (const std::size_t size = size_of(fd); size < bytes)
        throw std::length_error("a shared memory file must have at least " + std::to_string(bytes) +
                                " bytes, and this has " + std::to_string(size));
    const int protection = how == access::read_write ? PROT_READ | PROT_WRITE : PROT_READ;
    void* address = ::mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) fail("cannot map a memory file");
    data_ = address;
}

mapping::mapping(mapping&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}

mapping& mapping::operator=(mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

mapping::~mapping() {
    if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace girin::supervision
