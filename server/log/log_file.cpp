#include "server/log/log_file.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace girin::log {
namespace {

constexpr int patience_ms = 50;

[[noreturn]] void fail(const std::string& path) {
    throw std::system_error(errno, std::generic_category(), "cannot open the log file " + path);
}

// Without O_NONBLOCK a fifo that nobody reads would hold up the start.
unique_fd open_for_appending(const std::string& path) {
    constexpr int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    unique_fd fd(::open(path.c_str(), flags, 0644));
    if (!fd) fail(path);
    return fd;
}

mode_t type_of(int fd) noexcept {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG;
}

std::size_t lines_in(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// As many whole lines as a pipe takes in one piece; of a line that is longer, its beginning.
std::string_view first_piece(std::string_view lines) noexcept {
    if (lines.size() <= PIPE_BUF) return lines;
    const std::string_view piece = lines.substr(0, PIPE_BUF);
    const std::size_t end = piece.rfind('\n');
    return end == piece.npos ? piece : piece.substr(0, end + 1);
}

}  // namespace

log_file::log_file(std::string path, int standard) : path_(std::move(path)), fd_(standard) {
    if (path_ == "-") {
        adopt(standard);
        return;
    }
    opened_ = open_for_appending(path_);
    fd_ = opened_.get();
    if (type_of(fd_) != S_IFREG) kind_ = kind::pipe;
}

// Others write to what is behind a standard descriptor too, and expect to wait: so it is opened once more.
void log_file::adopt(int standard) noexcept {
    const mode_t type = type_of(standard);
    if (type == S_IFREG) return;
    if (type == S_IFSOCK) {
        kind_ = kind::socket;
        return;
    }
    kind_ = kind::pipe;
    if ((::fcntl(standard, F_GETFL) & O_NONBLOCK) != 0) return;
    const std::string link = "/proc/self/fd/" + std::to_string(standard);
    opened_.reset(::open(link.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (opened_)
        fd_ = opened_.get();
    else
        kind_ = kind::blocking_pipe;  // of another user's
}

void log_file::write(std::string_view lines) noexcept {
    const bool ended = !in_a_line_ || append("\n") == 1;
    const std::size_t written = ended ? append(lines) : 0;
    if (written > 0) in_a_line_ = lines[written - 1] != '\n';
    dropped_ += lines_in(lines.substr(written));
}

std::size_t log_file::take_dropped() noexcept {
    return stalled_ ? 0 : std::exchange(dropped_, 0);
}

// Returns how many bytes were written.
std::size_t log_file::append(std::string_view text) noexcept {
    std::string_view rest = text;
    while (!rest.empty() && append_piece(rest)) {
    }
    return text.size() - rest.size();
}

// Takes what was written off the text; false when no more can be.
bool log_file::append_piece(std::string_view& text) noexcept {
    const std::string_view piece = kind_ == kind::file ? text : first_piece(text);
    if (kind_ == kind::blocking_pipe && !wait_for_room()) return false;
    for (;;) {
        const ssize_t written = kind_ == kind::socket
                                    ? ::send(fd_, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                    : ::write(fd_, piece.data(), piece.size());
        if (written > 0) {
            stalled_ = false;
            text.remove_prefix(static_cast<std::size_t>(written));
            return true;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written == 0 || errno != EAGAIN || !wait_for_room()) return false;
    }
}

bool log_file::wait_for_room() noexcept {
    pollfd polled = {fd_, POLLOUT, 0};
    stalled_ = ::poll(&polled, 1, stalled_ ? 0 : patience_ms) <= 0;
    return !stalled_;
}

void log_file::reopen() {
    if (path_ == "-") return;
    const unique_fd fresh = open_for_appending(path_);
    if (::dup3(fresh.get(), fd_, O_CLOEXEC) < 0)
        throw std::system_error(errno, std::generic_category(), "cannot reopen the log file " + path_);
}

void check_log_file(const std::string& path) {
    if (path == "-") return;
    const unique_fd there(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (there) return;
    if (errno != ENOENT) fail(path);
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) fail(path);
}

}  // namespace girin::log
