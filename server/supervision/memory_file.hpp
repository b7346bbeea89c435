// Memory that processes share through an inherited descriptor (memfd), without a filesystem.
#pragma once

#include "aio/unique_fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace girin::supervision {

// A memory file of `bytes` zeros whose size nobody can change, so that a mapping never faults. Close-on-exec.
// `name` shows up in /proc. All functions here throw std::system_error.
unique_fd create_memory_file(const char* name, std::size_t bytes);

// A memory file that holds `content` and that nobody can change.
unique_fd create_sealed_file(const char* name, std::string_view content);

// Everything in the file, wherever its offset is.
std::string read_whole_file(int fd);

// The same file through a descriptor that cannot write. Close-on-exec.
unique_fd reopen_read_only(int fd);

// The first `bytes` of a file in memory, shared with whoever else maps it.
class mapping {
 public:
    enum class access { read_only, read_write };

    // Throws std::length_error when the file is shorter.
    mapping(int fd, std::size_t bytes, access how);
    mapping(mapping&& other) noexcept;
    mapping& operator=(mapping&& other) noexcept;
    ~mapping();

    void* data() const noexcept { return data_; }

 private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace girin::supervision
