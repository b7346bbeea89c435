#include "aio/pool_process.hpp"

#include "aio/pool_protocol.hpp"
#include "aio/reap.hpp"
#include "aio/spawn_child.hpp"

#include <girin/process_pool.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace girin::detail {

namespace {

constexpr auto patience = std::chrono::seconds(1);  // with a process that has closed its socket, and is about to end
constexpr auto look_again = std::chrono::milliseconds(50);  // for the end of a process, where a kernel does not tell
constexpr std::size_t chunk = 64 << 10;

// Executes this program again, as it is: after a deployment /proc/self/exe still leads to the file that runs here, and
// not to the new one, whose functions are elsewhere. No descriptor is inherited but the socket, stdout and stderr.
pid_t start(unique_fd socket) {
    try {
        socket = above_streams(std::move(socket));
        const unique_fd nothing = open_null_device();
        return spawn_child({.program = "/proc/self/exe",
                            .arguments = {program_invocation_name, "(process pool)"},  // for who lists processes
                            .variable = std::string(pool_socket_variable) + "=" + std::to_string(pool_socket),
                            .streams = {nothing.get(), -1, -1, socket.get()}});
    } catch (const std::system_error& e) {
        throw process_pool_error(std::string("no process for the pool: ") + e.what());
    }
}

}  // namespace

std::string describe(process_end end) {
    if (end.signal > 0) {
        const char* name = ::sigabbrev_np(end.signal);
        const char* meaning = ::sigdescr_np(end.signal);
        return std::string("was killed by SIG") + (name ? name : "RT") +
               (meaning ? std::string(" (") + meaning + ")" : "");
    }
    if (end.signal == 0) return "exited with status " + std::to_string(end.exit_status);
    return "ended, and somebody else has asked why";
}

struct pool_process::sockets {
    unique_fd ours, theirs;

    static sockets make() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw process_pool_error(std::string("no socket for a process of the pool: ") + std::strerror(errno));
        return {unique_fd(ends[0]), unique_fd(ends[1])};
    }
};

pool_process::pool_process() : pool_process(sockets::make()) {}

pool_process::pool_process(sockets ends)
    : socket_(std::move(ends.ours)),
      pid_(start(std::move(ends.theirs))),
      process_(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))) {}

pool_process::~pool_process() {
    if (pid_ == 0) return;
    if (!has_ended(std::chrono::milliseconds(0))) kill();  // its number may be another's, where there are no pidfds
    reap();
}

// A number may mean another process by now, if somebody else has waited for this one; a descriptor does not.
void pool_process::kill() const noexcept {
    if (process_)
        ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
    else
        ::kill(pid_, SIGKILL);
}

bool pool_process::idle() const {
    pollfd events = {socket_.get(), POLLIN | POLLRDHUP, 0};
    const bool silent = !ready_ || ::poll(&events, 1, 0) == 0;
    return silent && !has_ended(std::chrono::milliseconds(0));
}

bool pool_process::become_ready(clock::time_point until) {
    std::string greeting;
    if (!receive(greeting, chunk, until)) return false;
    if (greeting != ready_message) throw process_pool_error("a process of another version has started");
    return ready_ = true;
}

bool pool_process::send(const std::string& message) const {
    const std::uint64_t size = message.size();
    return send_bytes({reinterpret_cast<const char*>(&size), sizeof size}) && send_bytes(message);
}

bool pool_process::receive(std::string& message, std::size_t most, deadline until) const {
    std::uint64_t size = 0;
    std::string header;
    if (!receive_bytes(header, sizeof size, until)) return false;
    std::memcpy(&size, header.data(), sizeof size);
    if (size > most) throw process_pool_error("the result has more bytes than the pool's max_bytes allows");
    return receive_bytes(message, size, until);
}

process_end pool_process::end() {
    if (!has_ended(patience)) kill();
    return reap();
}

bool pool_process::has_ended(std::chrono::milliseconds time) const {
    auto look = [&] {
        siginfo_t info = {};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
    };
    const auto until = clock::now() + time;
    while (!look()) {
        if (clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

process_end pool_process::reap() noexcept {
    const std::optional<int> status = detail::reap(std::exchange(pid_, 0));
    if (!status) return {-1, 0};
    if (WIFSIGNALED(*status)) return {WTERMSIG(*status), 0};
    return {0, WEXITSTATUS(*status)};
}

// A process that the child has started may hold the socket when the child has ended.
bool pool_process::send_bytes(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EAGAIN ? wait_for(POLLOUT, std::nullopt) : errno != EINTR)
            return false;
    }
    return true;
}

bool pool_process::receive_bytes(std::string& bytes, std::size_t size, deadline until) const {
    bytes.clear();
    bool ended = false;
    while (bytes.size() < size) {
        const std::size_t before = bytes.size();
        bytes.resize(before + std::min(chunk, size - before));
        const ssize_t got = ::recv(socket_.get(), bytes.data() + before, bytes.size() - before, MSG_DONTWAIT);
        const int error = errno;
        bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got > 0 || (got < 0 && error == EINTR)) continue;
        if (got == 0 || error != EAGAIN || ended) return false;
        ended = wait_for(POLLIN, until);
    }
    return true;
}

// True when the process has ended, and the socket may be ready or not.
bool pool_process::wait_for(short what, deadline until) const {
    pollfd events[] = {{socket_.get(), what, 0}, {process_.get(), POLLIN, 0}};
    std::chrono::milliseconds left = process_ ? std::chrono::hours(1) : look_again;
    if (until) {
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*until - clock::now());
        if (rest <= rest.zero())
            throw process_pool_error("a process did not become ready within the pool's start_timeout");
        left = std::min(left, rest);
    }
    const int ready = ::poll(events, 2, static_cast<int>(left.count()));
    if (ready == 0 && !process_) return has_ended(std::chrono::milliseconds(0));
    return events[1].revents != 0 && events[0].revents == 0;
}

}  // namespace girin::detail
