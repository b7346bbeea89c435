#include "server/log/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace girin::log {
namespace {

[[noreturn]] void fail(const std::string& path) {
    throw std::system_error(errno, std::generic_category(), "cannot open the log file " + path);
}

unique_fd open_for_appending(const std::string& path) {
    unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) fail(path);
    return fd;
}

}  // namespace

log_file::log_file(std::string path, int standard) : path_(std::move(path)), fd_(standard) {
    if (path_ == "-") return;
    opened_ = open_for_appending(path_);
    fd_ = opened_.get();
}

void log_file::write(std::string_view lines) noexcept {
    if (in_a_line_ && append("\n") == 0) return;
    const std::size_t written = append(lines);
    in_a_line_ = written > 0 && lines[written - 1] != '\n';
}

// Returns how many bytes were written.
std::size_t log_file::append(std::string_view text) noexcept {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(fd_, text.data() + done, text.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        done += static_cast<std::size_t>(written);
    }
    return done;
}

void log_file::reopen() {
    if (!opened_) return;
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
