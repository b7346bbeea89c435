// A file that whole lines are appended to, which logrotate may move away.
#pragma once

#include "server/supervision/unique_fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace girin::log {

class log_file {
 public:
    // Opens `path` for appending; "-" is the descriptor `standard` (1 or 2), which is never closed. Throws
    // std::system_error that names the path.
    log_file(std::string path, int standard);

    // Appends with one write(2), so that the lines of several processes do not mix. What cannot be written (a full
    // disk, a reader that left) is dropped: a log must not stop a server. A line that could be written in part only
    // is ended before the next one begins.
    void write(std::string_view lines) noexcept;

    // Opens the path again, under the same descriptor, so that other threads may be writing. Throws std::system_error,
    // and then the old file stays.
    void reopen();

 private:
    std::size_t append(std::string_view text) noexcept;

    std::string path_;
    unique_fd opened_;
    int fd_;
    bool in_a_line_ = false;  // the last write stopped there
};

// Whether a log_file could be opened there, as far as that can be known without creating it. Throws std::system_error
// that names the path.
void check_log_file(const std::string& path);

}  // namespace girin::log
