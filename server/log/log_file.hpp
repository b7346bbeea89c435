// A file that whole lines are appended to, which logrotate may move away.
#pragma once

#include "aio/unique_fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace girin::log {

class log_file {
 public:
    // Opens `path` for appending; "-" is the descriptor `standard` (1 or 2), which is never closed. Throws
    // std::system_error that names the path.
    log_file(std::string path, int standard);

    // Appends whole lines. Those of several processes do not mix: a file takes them in one write(2), a pipe in pieces
    // that it keeps whole (PIPE_BUF). What cannot be written is dropped, for a log must not stop a server: a full disk,
    // a reader that left, or one that does not read; that is waited for once, and not again until it does. A line that
    // could be written in part only is ended before the next one begins.
    void write(std::string_view lines) noexcept;
    // How many lines have been dropped since the last call; 0 while they still are.
    std::size_t take_dropped() noexcept;

    // Opens the path again, under the same descriptor, so that other threads may be writing. Throws std::system_error,
    // and then the old file stays.
    void reopen();

 private:
    // What there is behind the descriptor: how to write without waiting depends on it.
    enum class kind { file, pipe, blocking_pipe, socket };

    void adopt(int standard) noexcept;
    std::size_t append(std::string_view text) noexcept;
    bool append_piece(std::string_view& text) noexcept;
    bool wait_for_room() noexcept;

    std::string path_;
    unique_fd opened_;
    int fd_;
    kind kind_ = kind::file;
    std::size_t dropped_ = 0;
    bool stalled_ = false;    // the last write found no room
    bool in_a_line_ = false;  // the last write stopped there
};

// Whether a log_file could be opened there, as far as that can be known without creating it. Throws std::system_error
// that names the path.
void check_log_file(const std::string& path);

}  // namespace girin::log
