// Child processes (asyncio.subprocess): create_subprocess_exec, create_subprocess_shell, process.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/resource.hpp>
#include <girin/stream_reader.hpp>
#include <girin/stream_writer.hpp>

#include <cstddef>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace girin {

namespace subprocess {

// What a child has for one of its standard streams.
enum class redirect : unsigned char {
    inherit,  // this process's
    pipe,     // a stream to or from this process
    devnull,  // /dev/null
    stdout,   // of stderr: the same as its stdout
};
using enum redirect;

}  // namespace subprocess

struct subprocess_options {
    subprocess::redirect stdin = subprocess::inherit;
    subprocess::redirect stdout = subprocess::inherit;
    subprocess::redirect stderr = subprocess::inherit;
    std::optional<std::string> cwd = std::nullopt;                         // the working directory
    std::optional<std::map<std::string, std::string>> env = std::nullopt;  // the whole environment, else this process's
    bool start_new_session = false;                                        // setsid()
    std::size_t limit = 65'536;  // how far readline() and readuntil() look in its output, in bytes
};

// A child process. Copies mean the same one. One whose handles are all dropped runs on, and is reaped when it ends. One
// that still runs when its loop is closed is killed. Nobody else may wait for it. Not thread-safe.
class GIRIN_EXPORT process {
 public:
    explicit process(detail::ref<detail::resource> core) noexcept : core_(std::move(core)) {}

    int pid() const noexcept;
    // Its exit status, -N if signal N has ended it, or nothing while it runs. Known one turn of the loop after its end
    // at the earliest. 255 when somebody else has reaped it.
    std::optional<int> returncode() const noexcept;

    // The pipes that were asked for. std::runtime_error when it has none there.
    stream_writer stdin() const;
    stream_reader stdout() const;
    stream_reader stderr() const;

    // Waits for its end, and returns its returncode(). A child that fills its pipe does not end before somebody reads
    // it: see communicate(). Cancelling ends the wait, and the child runs on. std::runtime_error when it was killed
    // with its loop.
    GIRIN_CORO_WRAPPER coro<int> wait() const;

    struct output {
        std::string stdout;
        std::string stderr;
    };
    // Writes the input to its stdin and closes that, reads what it writes to the pipes, all at the same time, and waits
    // for its end. A child that does not read its input is no error. Cancelling ends that, and the child runs on; what
    // it has written can still be read.
    GIRIN_CORO_WRAPPER coro<output> communicate(std::string input = {}) const;

    // Raises std::system_error (no such process) when it has ended.
    void send_signal(int signal) const;
    void terminate() const;  // SIGTERM
    void kill() const;       // SIGKILL

 private:
    detail::ref<detail::resource> core_;
};

// Starts a program: looked for in the PATH of its environment, unless it contains a slash. It gets an empty signal
// mask, the default action for every signal, the three standard streams and no other descriptor. Raises
// std::system_error, which names the program, or the working directory, when it cannot be started. The loop stands
// still until the child has executed the program; this never suspends.
GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<process> create_subprocess_exec(std::string program,
                                                                     std::vector<std::string> args = {},
                                                                     subprocess_options options = {});

// The same for `/bin/sh -c command`.
GIRIN_EXPORT GIRIN_CORO_WRAPPER coro<process> create_subprocess_shell(std::string command,
                                                                      subprocess_options options = {});

}  // namespace girin
