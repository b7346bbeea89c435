#include "aio/loop_core.hpp"
#include "aio/source_text.hpp"

#include <girin/call_frame.hpp>
#include <girin/dump_tasks.hpp>
#include <girin/task.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace girin {

namespace detail {

namespace {

constexpr std::size_t most_tasks = 1'000;
constexpr std::size_t most_frames = 50;  // from either end

// Text for a descriptor, made of nothing that allocates, locks, or depends on the locale.
class signal_safe_text {
 public:
    explicit signal_safe_text(int fd) noexcept : fd_(fd) {}
    signal_safe_text(const signal_safe_text&) = delete;
    signal_safe_text& operator=(const signal_safe_text&) = delete;
    ~signal_safe_text() { flush(); }

    signal_safe_text& operator<<(std::string_view text) noexcept {
        while (!text.empty()) {
            if (size_ == buffer_.size()) flush();
            const std::size_t fits = std::min(text.size(), buffer_.size() - size_);
            std::copy_n(text.data(), fits, buffer_.data() + size_);
            size_ += fits;
            text.remove_prefix(fits);
        }
        return *this;
    }
    signal_safe_text& operator<<(unsigned long number) noexcept {
        std::array<char, 20> digits;
        std::size_t at = digits.size();
        do digits[--at] = static_cast<char>('0' + number % 10);
        while ((number /= 10) != 0);
        return *this << std::string_view(digits.data() + at, digits.size() - at);
    }

 private:
    // What cannot be written is lost.
    void flush() noexcept {
        for (std::size_t done = 0; done < size_;) {
            const ssize_t written = ::write(fd_, buffer_.data() + done, size_ - done);
            if (written == 0 || (written < 0 && errno != EINTR)) break;
            if (written > 0) done += static_cast<std::size_t>(written);
        }
        size_ = 0;
    }

    int fd_;
    std::size_t size_ = 0;
    std::array<char, 1024> buffer_;
};

void put_frame(signal_safe_text& out, const call_frame& frame) noexcept {
    const std::source_location where = frame.where();
    out << "  |   File '" << where.file_name() << "', line " << static_cast<unsigned long>(where.line()) << ", in "
        << function_name(where) << "\n";
}

// The chain is linked from the outermost coroutine inwards.
void put_stack(signal_safe_text& out, const call_frame& outermost) noexcept {
    std::array<const call_frame*, most_frames> outer;
    std::array<const call_frame*, most_frames> inner;
    std::size_t size = 0;
    for (const call_frame* frame = &outermost; frame; frame = frame->callee(), ++size) {
        if (size < most_frames) outer[size] = frame;
        inner[size % most_frames] = frame;
    }
    for (std::size_t i = size; i-- > most_frames && i + most_frames >= size;) put_frame(out, *inner[i % most_frames]);
    if (size > 2 * most_frames)
        out << "  |   and " << static_cast<unsigned long>(size - 2 * most_frames) << " more coroutines\n";
    for (std::size_t i = std::min(size, most_frames); i-- > 0;) put_frame(out, *outer[i]);
}

}  // namespace

// A friend of tasks: sees them as they are at any instruction.
struct task_dump {
    static void put(signal_safe_text& out, const task_core& task, bool runs) noexcept {
        out << "* Task(name='";
        if (task.named_.load(std::memory_order_relaxed))
            out << task.name_;
        else
            out << "Task-" << task.number_;
        out << "')" << (runs ? " runs" : "") << "\n";
        if (const void* root = task.root_.address())
            put_stack(out, call_frame::of(std::coroutine_handle<>::from_address(const_cast<void*>(root))));
    }

    static void put_all(signal_safe_text& out, const loop_core& loop) noexcept {
        std::size_t tasks = 0;
        for (const task_core* task = loop.tasks; task; task = task->next_, ++tasks)
            if (tasks < most_tasks) put(out, *task, task == loop.current_task);
        if (tasks > most_tasks) out << "and " << static_cast<unsigned long>(tasks - most_tasks) << " more tasks\n";
        if (tasks == 0) out << "no tasks\n";
    }
};

namespace {

std::array<std::atomic<int>, NSIG> dumps_to;

extern "C" void on_dump_signal(int signo) {
    const int error = errno;
    dump_tasks(dumps_to[static_cast<std::size_t>(signo)].load());
    errno = error;
}

}  // namespace

}  // namespace detail

void dump_tasks(int fd) noexcept {
    detail::signal_safe_text out(fd);
    if (const detail::loop_core* loop = detail::loop_core::current())
        detail::task_dump::put_all(out, *loop);
    else
        out << "no event loop runs in this thread\n";
}

void dump_tasks_on(int signo, int fd) {
    if (signo < 1 || signo >= NSIG) throw std::system_error(EINVAL, std::system_category(), "signal");
    const bool fault = signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL;
    detail::dumps_to[static_cast<std::size_t>(signo)] = fd;
    struct sigaction action = {};
    action.sa_handler = detail::on_dump_signal;
    action.sa_flags = fault ? static_cast<int>(SA_RESETHAND) : SA_RESTART;
    if (::sigaction(signo, &action, nullptr) != 0)
        throw std::system_error(errno, std::system_category(), "signal " + std::to_string(signo));
}

}  // namespace girin
