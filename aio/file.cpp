#include "aio/no_sigpipe.hpp"
#include "aio/unique_fd.hpp"

#include <girin/file.hpp>
#include <girin/lock.hpp>
#include <girin/shield.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace girin {

namespace detail {

namespace {

constexpr std::size_t piece = 65'536;
constexpr std::size_t largest_piece = 1'048'576;

// Whoever holds the lock may use it, here or in a thread. Its place in the file is behind what is in the buffer.
class file_core final : public resource {
 public:
    file_core(std::string path, unique_fd fd) : name(std::move(path)), fd_(std::move(fd)) {}

    [[noreturn]] void fail(const char* what) const {
        const int error = errno;
        throw std::system_error(error, std::system_category(), what + (" " + name));
    }
    bool closed() const noexcept { return !fd_; }
    int fd() const {
        if (closed()) throw std::runtime_error("the file is closed: " + name);
        return fd_.get();
    }
    void require_usable() const {
        require_running_loop();
        fd();
    }
    unique_fd take_fd() noexcept { return std::move(fd_); }

    std::string_view unread() const noexcept { return std::string_view(buffer_).substr(taken_); }
    std::string take(std::size_t size) {
        if (taken_ == 0 && size >= buffer_.size()) return std::exchange(buffer_, {});
        std::string result(unread().substr(0, size));
        taken_ += result.size();
        if (taken_ == buffer_.size()) {
            taken_ = 0;
            buffer_.clear();
        }
        return result;
    }
    // Appends at most so many bytes; false at the end of the file.
    bool read_more(std::size_t most) {
        buffer_.erase(0, std::exchange(taken_, 0));
        const std::size_t size = buffer_.size();
        buffer_.resize(size + most);
        ssize_t got;
        do got = ::read(fd(), buffer_.data() + size, most);
        while (got < 0 && errno == EINTR);
        const int error = errno;
        buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
        errno = error;
        if (got < 0) fail("cannot read");
        return got > 0;
    }
    void forget_unread() {
        if (!unread().empty() && ::lseek(fd(), -static_cast<off_t>(unread().size()), SEEK_CUR) < 0)
            fail("cannot seek in");
        buffer_.clear();
        taken_ = 0;
    }

    const std::string name;
    const lock turn;

 private:
    void loop_closed() noexcept override { fd_.reset(); }

    unique_fd fd_;
    std::string buffer_;
    std::size_t taken_ = 0;  // of buffer_, from its beginning
};

using file_ref = ref<file_core>;

file_ref core_of(const ref<resource>& core) {
    return file_ref(static_cast<file_core*>(core.get()));
}

// Calls function(file) in a thread, in its turn.
template <class F>
auto in_turn(file_ref f, F function) -> coro<std::invoke_result_t<F&, file_core&>> {
    const auto held = co_await f->turn.acquire_guard();
    f->require_usable();
    auto call = [&] { return function(*f); };
    co_return co_await thread_call<decltype(call)>(nullptr, call);
}

// Reads in a thread until enough(unread) says how much to take, or to the end of the file, and then takes all. What is
// there already is had at once.
template <class Enough>
coro<std::string> read_until(file_ref f, Enough enough, std::size_t at_a_time) {
    const auto held = co_await f->turn.acquire_guard();
    f->require_usable();
    std::optional<std::size_t> size = enough(f->unread());
    if (!size) {
        auto call = [&] {
            while (!size && f->read_more(at_a_time)) size = enough(f->unread());
        };
        co_await thread_call<decltype(call)>(nullptr, call);
    }
    co_return f->take(size.value_or(f->unread().size()));
}

GIRIN_CORO_WRAPPER coro<std::string> read_line(file_ref f) {
    auto line = [searched = std::size_t(0)](std::string_view unread) mutable -> std::optional<std::size_t> {
        const std::size_t end = unread.find('\n', searched);
        searched = unread.size();
        if (end == std::string_view::npos) return std::nullopt;
        return end + 1;
    };
    return read_until(std::move(f), line, piece);
}

coro<std::optional<std::string>> next_line(file_ref f) {
    std::string line = co_await read_line(std::move(f));
    if (line.empty()) co_return std::nullopt;
    co_return line;
}

coro<void> write_all(file_ref f, std::string bytes) {
    auto write = [&bytes](file_core& core) {
        no_sigpipe no_signal;
        core.forget_unread();
        for (std::string_view rest = bytes; !rest.empty();) {
            const ssize_t n = ::write(core.fd(), rest.data(), rest.size());
            if (n < 0 && errno == EPIPE) no_signal.raised = true;
            if (n < 0 && errno != EINTR) core.fail("cannot write");
            if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
        }
    };
    co_await in_turn(std::move(f), write);
}

// Out of its owner's hands before a thread closes it, so that nobody closes it twice.
coro<void> close_in_turn(file_ref f) {
    const auto held = co_await f->turn.acquire_guard();
    unique_fd closing = f->take_fd();
    if (!closing) co_return;
    auto close = [&] {
        if (::close(closing.release()) != 0 && errno != EINTR) f->fail("cannot close");
    };
    co_await thread_call<decltype(close)>(nullptr, close);
}

// While other calls have the file a task stands in line for this one: a cancellation ends the wait for it, not the
// task.
coro<void> close_file(file_ref f) {
    const lock_core& turn = *f->turn.core();
    if (turn.locked || !turn.line.empty())
        co_await shield(create_task(close_in_turn(f), {.eager_start = true}));
    else
        co_await close_in_turn(f);
}

int flags_of(const std::string& mode) {
    std::string kind = mode;
    auto take = [&kind](char c) {
        const std::size_t at = kind.find(c);
        if (at != std::string::npos) kind.erase(at, 1);
        return at != std::string::npos;
    };
    take('b');
    const bool both = take('+');
    const int writes = both ? O_RDWR : O_WRONLY;
    if (kind == "r") return both ? O_RDWR : O_RDONLY;
    if (kind == "w") return writes | O_CREAT | O_TRUNC;
    if (kind == "a") return writes | O_CREAT | O_APPEND;
    if (kind == "x") return writes | O_CREAT | O_EXCL;
    throw std::invalid_argument("no mode of a file: '" + mode + "'");
}

coro<file> open_file(std::string path, std::string mode) {
    const int flags = flags_of(mode);
    if (path.find('\0') != std::string::npos) throw std::invalid_argument("a byte 0 in the path of a file");
    unique_fd fd;
    int error = 0;
    auto open = [&] {
        int opened;
        do opened = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
        while (opened < 0 && errno == EINTR);
        if (opened < 0) error = errno;
        fd.reset(opened);
        if (fd && (flags & O_APPEND)) ::lseek(fd.get(), 0, SEEK_END);
    };
    co_await thread_call<decltype(open)>(nullptr, open);
    if (!fd) throw std::system_error(error, std::system_category(), "cannot open " + path);
    co_return file(ref<resource>(new file_core(std::move(path), std::move(fd))));
}

}  // namespace

}  // namespace detail

coro<file> file::open(std::string path, std::string mode) {
    return detail::open_file(std::move(path), std::move(mode));
}

coro<std::string> file::read(std::size_t n) const {
    auto enough = [n](std::string_view unread) { return unread.size() < n ? std::nullopt : std::optional(n); };
    return detail::read_until(detail::core_of(core_), enough, std::clamp(n, detail::piece, detail::largest_piece));
}

coro<std::string> file::read() const {
    auto never = [](std::string_view) { return std::optional<std::size_t>(); };
    return detail::read_until(detail::core_of(core_), never, detail::piece);
}

coro<std::string> file::readline() const {
    return detail::read_line(detail::core_of(core_));
}

coro<std::optional<std::string>> file::next() const {
    return detail::next_line(detail::core_of(core_));
}

coro<void> file::write(std::string bytes) const {
    return detail::write_all(detail::core_of(core_), std::move(bytes));
}

coro<std::uint64_t> file::seek(std::int64_t offset, from where) const {
    const int whence = where == from::begin ? SEEK_SET : where == from::position ? SEEK_CUR : SEEK_END;
    return detail::in_turn(detail::core_of(core_), [offset, whence](detail::file_core& f) {
        f.forget_unread();
        const off_t at = ::lseek(f.fd(), offset, whence);
        if (at < 0) f.fail("cannot seek in");
        return static_cast<std::uint64_t>(at);
    });
}

coro<std::uint64_t> file::tell() const {
    return detail::in_turn(detail::core_of(core_), [](detail::file_core& f) {
        const off_t at = ::lseek(f.fd(), 0, SEEK_CUR);
        if (at < 0) f.fail("cannot seek in");
        return static_cast<std::uint64_t>(at) - f.unread().size();
    });
}

coro<void> file::truncate(std::uint64_t size) const {
    return detail::in_turn(detail::core_of(core_), [size](detail::file_core& f) {
        f.forget_unread();
        while (::ftruncate(f.fd(), static_cast<off_t>(size)) != 0)
            if (errno != EINTR) f.fail("cannot truncate");
    });
}

coro<std::uint64_t> file::size() const {
    return detail::in_turn(detail::core_of(core_), [](detail::file_core& f) {
        struct stat now = {};
        if (::fstat(f.fd(), &now) != 0) f.fail("cannot look at");
        return static_cast<std::uint64_t>(now.st_size);
    });
}

coro<void> file::sync() const {
    return detail::in_turn(detail::core_of(core_), [](detail::file_core& f) {
        while (::fsync(f.fd()) != 0)
            if (errno != EINTR) f.fail("cannot sync");
    });
}

coro<void> file::close() const {
    return detail::close_file(detail::core_of(core_));
}

bool file::closed() const noexcept {
    return detail::core_of(core_)->closed();
}

const std::string& file::name() const noexcept {
    return static_cast<const detail::file_core&>(*core_).name;
}

}  // namespace girin
