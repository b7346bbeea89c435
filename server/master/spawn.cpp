#include "server/master/spawn.hpp"

#include "server/supervision/channel.hpp"
#include "server/supervision/exit_codes.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

namespace girin::master {
namespace {

using supervision::worker_start_info;

std::vector<std::string> environment_with(const worker_start_info& handed) {
    const std::string prefix = std::string(supervision::worker_variable) + "=";
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable)
        if (!std::string_view(*variable).starts_with(prefix)) variables.emplace_back(*variable);
    variables.push_back(prefix + supervision::encode_worker_start(handed));
    return variables;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (const std::string& text : strings) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

void close_all_on_exec() {
    if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    for (int fd = 3, end = static_cast<int>(::sysconf(_SC_OPEN_MAX)); fd < end;
         ++fd)  // before Linux 5.11, and valgrind
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void hand_over(int fd) {
    ::fcntl(fd, F_SETFD, 0);
}

void reset_signals() {
    for (int signo = 1; signo < NSIG; ++signo) ::signal(signo, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void read_nothing() {
    // A worker in a process group of its own would be stopped by the terminal if it read from it.
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
}

}  // namespace

pid_t spawn(const std::string& program, const std::vector<std::string>& argv, const worker_start_info& handed) {
    const std::vector<std::string> variables = environment_with(handed);
    const std::vector<char*> environment = pointers(variables);
    const std::vector<char*> arguments = pointers(argv);

    const pid_t pid = ::fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid > 0) {
        ::setpgid(pid, pid);
        return pid;
    }
    ::setpgid(0, 0);
    read_nothing();
    close_all_on_exec();
    for (const int fd : handed.listeners) hand_over(fd);
    for (const int fd : {handed.settings, handed.scoreboard, handed.channel}) hand_over(fd);
    reset_signals();
    ::execve(program.c_str(), arguments.data(), environment.data());
    supervision::channel(unique_fd(handed.channel))
        .send(supervision::message::boot_failed(supervision::exit_boot_failed,
                                                "cannot execute " + program + ": " + std::strerror(errno)));
    ::_exit(supervision::exit_boot_failed);
}

}  // namespace girin::master
