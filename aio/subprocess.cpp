#include "aio/spawn_child.hpp"
#include "aio/stream_core.hpp"
#include "aio/unique_fd.hpp"
#include "aio/watched_child.hpp"

#include <girin/gather.hpp>
#include <girin/subprocess.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace girin {

namespace detail {

namespace {

using subprocess::redirect;

// What a process's handles share. The child goes on without it.
class process_core final : public resource {
 public:
    ref<watched_child> its_child{new watched_child};
    std::array<ref<stream_core>, 3> streams;

    stream_core& stream(std::size_t i) const {
        if (!streams[i]) throw std::runtime_error("this stream of the process is no pipe");
        return *streams[i];
    }

 private:
    void loop_closed() noexcept override {}
};

process_core& core_of(const ref<resource>& core) {
    return static_cast<process_core&>(*core);
}

[[noreturn]] void raise_errno(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

// Opens what the child gets as its standard stream i, and the stream at this end of it.
unique_fd open_stream(process_core& core, std::size_t i, redirect how, std::size_t limit) {
    if (how == redirect::devnull) return open_null_device();
    if (how != redirect::pipe) return {};
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) raise_errno("pipe2");
    unique_fd reads(ends[0]), writes(ends[1]);
    const bool child_reads = i == STDIN_FILENO;
    unique_fd& ours = child_reads ? writes : reads;
    unique_fd theirs = above_streams(std::move(child_reads ? reads : writes));
    if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) raise_errno("fcntl");
    auto transport = std::make_unique<pipe_transport>(descriptor(ours.release()));
    core.streams[i] = ref<stream_core>(new stream_core(std::move(transport), limit, {}, {}));
    return theirs;
}

coro<process> start(spawn_request request, subprocess_options options) {
    const std::array<redirect, 3> how = {options.stdin, options.stdout, options.stderr};
    if (how[0] == redirect::stdout || how[1] == redirect::stdout)
        throw std::invalid_argument("only stderr can be redirected to stdout");
    const ref<process_core> core(new process_core);
    std::array<unique_fd, 3> theirs;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        theirs[i] = open_stream(*core, i, how[i], options.limit);
        request.streams[i] = theirs[i].get();
    }
    request.stderr_is_stdout = how[2] == redirect::stdout;
    request.cwd = std::move(options.cwd);
    request.env = std::move(options.env);
    request.new_session = options.start_new_session;
    core->its_child->watch(spawn_child(request));
    co_return process(ref<resource>(core.get()));
}

coro<int> wait_for_end(ref<process_core> core) {
    co_await core->its_child->ended().wait();
    if (const auto& returncode = core->its_child->returncode()) co_return *returncode;
    throw std::runtime_error("the process was killed with its loop");
}

coro<void> feed(ref<stream_core> pipe, std::string input) {
    if (!pipe) co_return;
    try {
        pipe->set_write_buffer_limits(0, 0);
        if (!input.empty()) pipe->write(input);
        co_await stream_core::drain(pipe);
    } catch (const std::system_error&) {  // the child reads no more
    }
    pipe->close();
}

coro<void> receive_all(ref<stream_core> pipe) {
    while (pipe && !pipe->ended()) co_await stream_core::more(pipe);
}

std::string take_all(const ref<stream_core>& pipe) {
    return pipe ? pipe->take(pipe->unread().size()) : std::string();
}

// What was received is taken in the end, so that nothing is lost when it is cancelled.
coro<process::output> communicate_with(ref<process_core> core, std::string input) {
    if (!input.empty()) core->stream(0);
    // With return_exceptions a cancelled gather waits for the ends of all three.
    auto ends = co_await gather(return_exceptions, feed(core->streams[0], std::move(input)),
                                receive_all(core->streams[1]), receive_all(core->streams[2]));
    std::get<0>(ends).value();
    std::get<1>(ends).value();
    std::get<2>(ends).value();
    co_await core->its_child->ended().wait();
    co_return process::output{take_all(core->streams[1]), take_all(core->streams[2])};
}

}  // namespace

}  // namespace detail

int process::pid() const noexcept {
    return detail::core_of(core_).its_child->pid();
}

std::optional<int> process::returncode() const noexcept {
    return detail::core_of(core_).its_child->returncode();
}

stream_writer process::stdin() const {
    return stream_writer(detail::ref<detail::resource>(&detail::core_of(core_).stream(0)));
}

stream_reader process::stdout() const {
    return stream_reader(detail::ref<detail::resource>(&detail::core_of(core_).stream(1)));
}

stream_reader process::stderr() const {
    return stream_reader(detail::ref<detail::resource>(&detail::core_of(core_).stream(2)));
}

coro<int> process::wait() const {
    return detail::wait_for_end(detail::ref<detail::process_core>(&detail::core_of(core_)));
}

coro<process::output> process::communicate(std::string input) const {
    return detail::communicate_with(detail::ref<detail::process_core>(&detail::core_of(core_)), std::move(input));
}

void process::send_signal(int signal) const {
    detail::core_of(core_).its_child->send_signal(signal);
}

void process::terminate() const {
    send_signal(SIGTERM);
}

void process::kill() const {
    send_signal(SIGKILL);
}

coro<process> create_subprocess_exec(std::string program, std::vector<std::string> args, subprocess_options options) {
    args.insert(args.begin(), program);
    return detail::start({.program = std::move(program), .arguments = std::move(args)}, std::move(options));
}

coro<process> create_subprocess_shell(std::string command, subprocess_options options) {
    return detail::start({.program = "/bin/sh", .arguments = {"/bin/sh", "-c", std::move(command)}},
                         std::move(options));
}

}  // namespace girin
