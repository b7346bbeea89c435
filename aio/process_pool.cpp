#include "aio/code_address.hpp"
#include "aio/process_protocol.hpp"

#include <girin/process_pool.hpp>

#include <climits>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace girin {

process_pool_error::~process_pool_error() = default;
process_died::~process_died() = default;
remote_exception::~remote_exception() = default;

namespace {

using clock = std::chrono::steady_clock;
using deadline = std::optional<clock::time_point>;

constexpr auto patience = std::chrono::seconds(1);  // with a process that has closed its socket, and is about to end
constexpr std::size_t chunk = 64 << 10;

std::string describe_end(int signal, int exit_status) {
    if (signal > 0) {
        const char* name = ::sigabbrev_np(signal);
        return std::string("was killed by SIG") + (name ? name : "RT") + " (" + ::strsignal(signal) + ")";
    }
    if (signal == 0) return "exited with status " + std::to_string(exit_status);
    return "ended, and somebody else has asked why";
}

class owned_fd {
 public:
    explicit owned_fd(int fd) noexcept : fd_(fd) {}
    owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    owned_fd& operator=(owned_fd&&) = delete;
    ~owned_fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }

 private:
    int fd_;
};

struct socket_pair {
    owned_fd ours, theirs;

    static socket_pair make() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw process_pool_error(std::string("no socket for a process of the pool: ") + std::strerror(errno));
        return {owned_fd(ends[0]), owned_fd(ends[1])};
    }
};

// Executes this program again, as it is: after a deployment /proc/self/exe still leads to the file that runs here, and
// not to the new one, whose functions are elsewhere. No descriptor is inherited but the socket, stdout and stderr.
pid_t spawn(int socket) {
    struct actions {
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        actions() {
            ::posix_spawn_file_actions_init(&files);
            ::posix_spawnattr_init(&attributes);
        }
        ~actions() {
            ::posix_spawnattr_destroy(&attributes);
            ::posix_spawn_file_actions_destroy(&files);
        }
    } how;
    ::posix_spawn_file_actions_adddup2(&how.files, socket, detail::pool_socket);
    ::posix_spawn_file_actions_addopen(&how.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&how.files, detail::pool_socket + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&how.attributes, &none);
    ::posix_spawnattr_setsigdefault(&how.attributes, &all);
    ::posix_spawnattr_setflags(&how.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::string variable = std::string(detail::pool_socket_variable) + "=" + std::to_string(detail::pool_socket);
    std::vector<char*> environment;
    for (char** entry = ::environ; *entry; ++entry) environment.push_back(*entry);
    environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::string name = program_invocation_name;
    std::string role = "(process pool)";  // for who looks at a list of processes
    char* arguments[] = {name.data(), role.data(), nullptr};

    pid_t pid = 0;
    if (int error = ::posix_spawn(&pid, "/proc/self/exe", &how.files, &how.attributes, arguments, environment.data()))
        throw process_pool_error(std::string("no process for the pool: ") + std::strerror(error));
    return pid;
}

// One process, and the socket to it. Used by the thread that made it.
class child_process {
 public:
    child_process() : child_process(socket_pair::make()) {}
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        reap();
    }

    pid_t pid() const noexcept { return pid_; }
    bool ready() const noexcept { return ready_; }
    std::size_t calls = 0;

    // Whether it is there, and has nothing to say.
    bool idle() const {
        pollfd events = {socket_.get(), POLLIN | POLLRDHUP, 0};
        return ::poll(&events, 1, 0) == 0 && !has_ended(0);
    }

    // False when it has ended. Throws process_pool_error when the message is larger than `most`, or the
    // time is up.
    bool send(const std::string& message) const { return detail::send_message(socket_.get(), message); }
    bool receive(std::string& message, std::size_t most, deadline until) const {
        std::uint64_t size = 0;
        std::string header;
        if (!receive_bytes(header, sizeof size, until)) return false;
        std::memcpy(&size, header.data(), sizeof size);
        if (size > most) throw process_pool_error("the result has more bytes than the pool's max_bytes allows");
        return receive_bytes(message, size, until);
    }
    bool become_ready(clock::time_point until) {
        std::string greeting;
        if (!receive(greeting, chunk, until)) return false;
        if (greeting != detail::ready_message) throw process_pool_error("a process of another version has started");
        return ready_ = true;
    }

    // Waits for its end, which is near, and tells its signal and exit status as process_died has them.
    std::pair<int, int> end() {
        if (!has_ended(static_cast<int>(std::chrono::milliseconds(patience).count()))) ::kill(pid_, SIGKILL);
        return reap();
    }

 private:
    explicit child_process(socket_pair sockets)
        : socket_(std::move(sockets.ours)),
          pid_(spawn(sockets.theirs.get())),
          end_(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))) {}

    bool has_ended(int milliseconds) const {
        siginfo_t info = {};
        auto look = [&] {
            info.si_pid = 0;
            return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
                   info.si_pid != 0;
        };
        const auto until = clock::now() + std::chrono::milliseconds(milliseconds);
        while (!look()) {
            if (clock::now() >= until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    std::pair<int, int> reap() noexcept {
        const pid_t pid = std::exchange(pid_, 0);
        int status = 0;
        pid_t ended = 0;
        do ended = ::waitpid(pid, &status, 0);
        while (ended < 0 && errno == EINTR);
        if (ended != pid) return {-1, 0};
        return WIFSIGNALED(status) ? std::pair(WTERMSIG(status), 0) : std::pair(0, WEXITSTATUS(status));
    }

    // A process that the child has started may hold the socket when the child has ended.
    bool receive_bytes(std::string& bytes, std::size_t size, deadline until) const {
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
            ended = wait_for_bytes(until);
        }
        return true;
    }

    // True when the process has ended, and there may be bytes or not.
    bool wait_for_bytes(deadline until) const {
        pollfd events[] = {{socket_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
        int left = -1;
        if (until) {
            auto rest = std::chrono::ceil<std::chrono::milliseconds>(*until - clock::now()).count();
            if (rest <= 0) throw process_pool_error("a process did not become ready within the pool's start_timeout");
            left = static_cast<int>(std::min<long long>(rest, INT_MAX));
        }
        ::poll(events, 2, left);
        return events[1].revents != 0 && events[0].revents == 0;
    }

    owned_fd socket_;
    pid_t pid_;
    owned_fd end_;  // readable when it has ended; -1 where the kernel does not know it
    bool ready_ = false;
};

detail::code_address locate(const detail::process_function& function) {
    try {
        return detail::locate_code(reinterpret_cast<const void*>(function.call));
    } catch (const std::runtime_error& e) {
        throw process_pool_error(std::string(function.name) + " cannot be called in another process: " + e.what());
    }
}

// For a cancelled call this is not what its task gets to see.
[[noreturn]] void raise_ended() {
    throw process_pool_error("the process pool has ended");
}

// Each thread of a pool has at most one process, which ends with the thread: when it has been idle for long enough, and
// when the pool ends.
thread_local std::unique_ptr<child_process> child_of_this_thread;

}  // namespace

process_died::process_died(std::string function, int signal, int exit_status)
    : std::runtime_error("the process that ran " + function + " " + describe_end(signal, exit_status)),
      function_(std::move(function)),
      signal_(signal),
      exit_status_(exit_status) {}

struct process_pool::state {
    explicit state(const options& o)
        : limits(o),
          threads({.threads = o.processes ? o.processes : std::max(1u, std::thread::hardware_concurrency()),
                   .queue = o.queue,
                   .name = o.name,
                   .idle_time = o.idle_time}) {}

    void run(detail::process_call& call);
    void stop(detail::process_call& call) noexcept;
    void stop_all() noexcept;

    const options limits;
    std::mutex mutex;
    std::vector<detail::process_call*> running;
    bool ended = false;
    std::uint64_t started = 0;
    std::uint64_t died = 0;
    thread_pool threads;  // destroyed first: it waits for its threads, which use the rest

 private:
    child_process& ready_child();
    bool attach(detail::process_call& call, child_process& child);
    bool detach(detail::process_call& call) noexcept;
    std::string exchange(detail::process_call& call);
    static void take_result(detail::process_call& call, const std::string& message);
};

// The process of this thread. One that has ended while nobody used it is replaced.
child_process& process_pool::state::ready_child() {
    auto& child = child_of_this_thread;
    if (child && !child->idle()) child.reset();
    if (!child) {
        child = std::make_unique<child_process>();
        std::lock_guard lock(mutex);
        ++started;
    }
    return *child;
}

// From now on until detach() others may kill the process. False when they would have.
bool process_pool::state::attach(detail::process_call& call, child_process& child) {
    std::lock_guard lock(mutex);
    if (call.stopped_ || ended) return false;
    running.push_back(&call);
    call.process_ = child.pid();
    return true;
}

// Whether nobody has killed it.
bool process_pool::state::detach(detail::process_call& call) noexcept {
    std::lock_guard lock(mutex);
    std::erase(running, &call);
    call.process_ = 0;
    return !call.stopped_ && !ended;
}

void process_pool::state::stop(detail::process_call& call) noexcept {
    std::lock_guard lock(mutex);
    call.stopped_ = true;
    if (call.process_ > 0) ::kill(call.process_, SIGKILL);
}

void process_pool::state::stop_all() noexcept {
    std::lock_guard lock(mutex);
    ended = true;
    for (detail::process_call* call : running) ::kill(call->process_, SIGKILL);
}

void process_pool::state::run(detail::process_call& call) {
    const std::string message = exchange(call);
    if (++child_of_this_thread->calls == limits.max_tasks_per_child) child_of_this_thread.reset();
    take_result(call, message);
}

// Whatever ends this but an answer ends the process, too.
std::string process_pool::state::exchange(detail::process_call& call) {
    const std::string function(call.function_.name);
    const detail::code_address where = locate(call.function_);
    std::string request;
    detail::wire<std::string>::put(request, where.module);
    detail::wire<std::string>::put(request, where.build_id);
    detail::wire<std::uint64_t>::put(request, where.offset);
    detail::wire<std::string>::put(request, call.arguments_);
    call.arguments_ = {};

    child_process& child = ready_child();
    struct discard_unless_answered {
        bool answered = false;
        ~discard_unless_answered() {
            if (!answered) child_of_this_thread.reset();
        }
    } guard;
    if (!attach(call, child)) raise_ended();
    struct detach_at_end {
        state& pool;
        detail::process_call& call;
        bool attached = true;
        bool operator()() noexcept { return std::exchange(attached, false) && pool.detach(call); }
        ~detach_at_end() { (*this)(); }
    } release{*this, call};
    const bool ready = child.ready() || child.become_ready(clock::now() + limits.start_timeout);
    std::string message;
    const bool answered =
        ready && child.send(request) && child.receive(message, limits.max_bytes + chunk, std::nullopt);
    if (!release()) raise_ended();
    if (answered) {
        guard.answered = true;
        return message;
    }
    const auto [signal, status] = child.end();
    if (!ready) throw process_pool_error("a process for the pool did not start: it " + describe_end(signal, status));
    std::lock_guard lock(mutex);
    ++died;
    throw process_died(function, signal, status);
}

void process_pool::state::take_result(detail::process_call& call, const std::string& message) {
    detail::wire_reader reader(message);
    const auto how = detail::wire<detail::answer>::get(reader);
    std::string type;
    if (how == detail::answer::raised) type = detail::wire<std::string>::get(reader);
    std::string what = detail::wire<std::string>::get(reader);
    reader.end();
    if (how == detail::answer::returned)
        call.result_ = std::move(what);
    else if (how == detail::answer::raised)
        throw remote_exception(std::move(type), what);
    else
        throw process_pool_error(std::string(call.function_.name) + " was not called: " + what);
}

process_pool::process_pool(const options& o) : state_(std::make_unique<state>(o)) {
    static const bool will_serve = detail::is_loaded_at_start(detail::serving_code());
    if (!will_serve) throw process_pool_error("the program is not linked with libgirin.so: it would run its main");
}

process_pool::~process_pool() {
    state_->stop_all();
}

process_figures process_pool::figures() const {
    process_figures now;
    static_cast<pool_figures&>(now) = state_->threads.figures();
    std::lock_guard lock(state_->mutex);
    now.started = state_->started;
    now.died = state_->died;
    return now;
}

namespace detail {

process_call::process_call(process_pool::state& pool, process_function function, std::string arguments)
    : pool_wait(&pool.threads), pool_(pool), function_(function), arguments_(std::move(arguments)) {
    if (arguments_.size() > pool.limits.max_bytes)
        throw process_pool_error("the arguments have more bytes than the pool's max_bytes allows");
}

process_call::~process_call() {
    if (submitted()) pool_.stop(*this);
    withdraw();
}

std::string process_call::await_resume() {
    check_called();
    if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
    return std::move(result_);
}

bool process_call::cancel(const std::string& message) {
    if (pool_wait::cancel(message)) return true;
    if (submitted()) pool_.stop(*this);
    return false;
}

void process_call::execute() noexcept {
    try {
        pool_.run(*this);
    } catch (...) {
        raised_ = std::current_exception();
    }
}

}  // namespace detail

}  // namespace girin
