#include "aio/spawn_child.hpp"

#include "aio/reap.hpp"
#include "aio/signals_blocked.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <tuple>

namespace girin::detail {

namespace {

constexpr int most_streams = std::tuple_size_v<decltype(spawn_request::streams)>;
constexpr long most_descriptors = 1 << 20;               // that are looked at one by one; the limit may be a billion
constexpr auto longest_exec = std::chrono::seconds(10);  // that is waited for, where it has to be

// Everything that the child needs, made before it exists.
struct plan {
    std::array<int, 4> streams;
    bool stderr_is_stdout;
    bool new_session;
    const char* cwd;     // null: stays where it is
    char* const* paths;  // where the program may be
    char* const* arguments;
    char* const* environment;
    int failures;                  // the pipe to tell of them; closed by exec
    volatile bool* shares_memory;  // set by a child that does
};

struct failure {
    int error;
    bool in_chdir;
};

const char* c_string(const std::string& text) {
    if (text.find('\0') != std::string::npos) throw std::invalid_argument("a byte 0 cannot be handed to a program");
    return text.c_str();
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (const std::string& text : strings) all.push_back(const_cast<char*>(c_string(text)));
    all.push_back(nullptr);
    return all;
}

// What the child has of its own in its environment.
std::vector<std::string> variables(const spawn_request& request) {
    std::vector<std::string> all;
    if (!request.env) {
        if (!request.variable.empty()) all.push_back(request.variable);
        return all;
    }
    for (const auto& [name, value] : *request.env) {
        if (name.empty() || name.find('=') != std::string::npos)
            throw std::invalid_argument("no name of an environment variable: '" + name + "'");
        all.push_back(name);
        all.back().append("=").append(value);
    }
    return all;
}

std::string search_path(const spawn_request& request) {
    constexpr const char* usual = "/bin:/usr/bin";
    if (request.env) {
        const auto found = request.env->find("PATH");
        return found == request.env->end() ? usual : found->second;
    }
    const char* path = std::getenv("PATH");
    return path ? path : usual;
}

// Where the program may be, in the order in which it is looked for.
std::vector<std::string> candidates(const spawn_request& request) {
    if (request.program.find('/') != std::string::npos) return {request.program};
    std::vector<std::string> all;
    const std::string path = search_path(request);
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        const std::string folder = path.substr(begin, end - begin);
        all.push_back(folder.empty() ? request.program : folder + "/" + request.program);
        begin = end + 1;
    }
    return all;
}

// From here to run_child() everything is async-signal-safe, and changes no memory of the parent's but shares_memory and
// errno: the child shares it until it has executed the program.
void close_on_exec(int fd) noexcept {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Those that are open. False when the kernel does not say which are.
bool close_listed_on_exec(int first) noexcept {
    const int folder = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return false;
    alignas(dirent64) char entries[4096];
    long size;
    while ((size = ::syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
        for (long at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
            int fd = 0;
            for (const char* c = entry->d_name; *c >= '0' && *c <= '9'; ++c) fd = fd * 10 + *c - '0';
            if (fd >= first) close_on_exec(fd);
            at += entry->d_reclen;
        }
    }
    return size == 0;
}

void close_all_on_exec(int first) noexcept {
    if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    if (close_listed_on_exec(first)) return;  // before Linux 5.11, and in valgrind
    const long limit = ::sysconf(_SC_OPEN_MAX);
    const long end = limit < 0 || limit > most_descriptors ? most_descriptors : limit;
    for (int fd = first; fd < end; ++fd) close_on_exec(fd);
}

[[noreturn]] void report_failure(const plan& p, failure what) noexcept {
    while (::write(p.failures, &what, sizeof what) < 0 && errno == EINTR) {
    }
    ::_exit(127);
}

// No handler of the parent's may run here: every signal is blocked until all have their default action.
[[noreturn, gnu::noinline]] void run_child(const plan& p) noexcept {
    *p.shares_memory = true;
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
    if (p.new_session) ::setsid();
    for (int i = 0; i < most_streams; ++i) {
        const int fd = p.streams[static_cast<std::size_t>(i)];
        if (fd >= 0 && ::dup2(fd, i) < 0) report_failure(p, {errno, false});
    }
    if (p.stderr_is_stdout && ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0) report_failure(p, {errno, false});
    if (p.cwd && ::chdir(p.cwd) != 0) report_failure(p, {errno, true});
    close_all_on_exec(p.streams.back() < 0 ? most_streams - 1 : most_streams);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    int error = ENOENT;
    for (char* const* path = p.paths; *path; ++path) {
        ::execve(*path, p.arguments, p.environment);
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
    }
    report_failure(p, {error, false});
}

// The memory is not copied, which would take the longer the more there is; this thread stands still until the program
// is executed. posix_spawn does the same, but cannot report a failed exec in valgrind.
[[gnu::noinline]] pid_t fork_child(const plan& p) noexcept {
    // NOLINTBEGIN(clang-analyzer-*,bugprone-unsafe-functions): run_child() does no more than it may
    const pid_t pid = ::vfork();
    if (pid == 0) run_child(p);
    // NOLINTEND(clang-analyzer-*,bugprone-unsafe-functions)
    return pid;
}

// A child that shared this process's memory has executed the program by now, or has told why not. Where vfork() copies
// the memory (valgrind, qemu-user), it has not, and closes the pipe when it does. That alone is not to be relied on: a
// process that another thread has forked meanwhile has the pipe, too.
bool has_failed(int told, bool shared_memory, failure& what) noexcept {
    using clock = std::chrono::steady_clock;
    const auto until = clock::now() + (shared_memory ? std::chrono::seconds(0) : longest_exec);
    pollfd pipe = {told, POLLIN, 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
        const int ready = ::poll(&pipe, 1, std::max(0, static_cast<int>(left.count())));
        if (ready > 0) return ::read(told, &what, sizeof what) == sizeof what;
        if (ready == 0 || errno != EINTR) return false;
    }
}

}  // namespace

pid_t spawn_child(const spawn_request& request) {
    const std::vector<std::string> paths = candidates(request);
    const std::vector<std::string> own_variables = variables(request);
    const std::vector<char*> path_pointers = pointers(paths);
    const std::vector<char*> arguments = pointers(request.arguments);
    std::vector<char*> environment = pointers(own_variables);
    for (char** inherited = request.env ? nullptr : environ; inherited && *inherited; ++inherited)  // null: clearenv()
        environment.insert(environment.end() - 1, *inherited);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe2");
    const unique_fd told(ends[0]);
    unique_fd tells = above_streams(unique_fd(ends[1]));
    volatile bool shared_memory = false;
    const plan p = {
        .streams = request.streams,
        .stderr_is_stdout = request.stderr_is_stdout,
        .new_session = request.new_session,
        .cwd = request.cwd ? c_string(*request.cwd) : nullptr,
        .paths = path_pointers.data(),
        .arguments = arguments.data(),
        .environment = environment.data(),
        .failures = tells.get(),
        .shares_memory = &shared_memory,
    };
    pid_t pid = -1;
    int error = 0;
    {
        const signals_blocked while_it_shares_our_memory;
        pid = fork_child(p);
        error = errno;
    }
    if (pid < 0) throw std::system_error(error, std::system_category(), "cannot make a process for " + request.program);
    tells.reset();
    failure what = {};
    if (!has_failed(told.get(), shared_memory, what)) return pid;
    reap(pid);
    throw std::system_error(what.error, std::system_category(),
                            what.in_chdir ? "cannot enter " + *request.cwd : "cannot execute " + request.program);
}

unique_fd above_streams(unique_fd fd) {
    if (fd.get() >= most_streams) return fd;
    unique_fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, most_streams));
    if (!moved) throw std::system_error(errno, std::system_category(), "fcntl");
    return moved;
}

unique_fd open_null_device() {
    unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) throw std::system_error(errno, std::system_category(), "cannot open /dev/null");
    return above_streams(std::move(null));
}

}  // namespace girin::detail
