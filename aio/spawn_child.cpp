#include "aio/spawn_child.hpp"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace girin::detail {

namespace {

void check_spawn(int error) {
    if (error != 0) throw std::system_error(error, std::system_category(), "posix_spawn");
}

const std::string& without_zero(const std::string& text) {
    if (text.find('\0') != std::string::npos) throw std::invalid_argument("a byte 0 cannot be handed to a program");
    return text;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (const std::string& text : strings) all.push_back(const_cast<char*>(without_zero(text).c_str()));
    all.push_back(nullptr);
    return all;
}

std::vector<std::string> variables(const std::map<std::string, std::string>& env) {
    std::vector<std::string> all;
    for (const auto& [name, value] : env) {
        if (name.empty() || name.find('=') != std::string::npos)
            throw std::invalid_argument("no name of an environment variable: '" + name + "'");
        all.push_back(name + "=" + value);
    }
    return all;
}

struct file_actions {
    posix_spawn_file_actions_t value;

    explicit file_actions(const spawn_request& request) {
        check_spawn(::posix_spawn_file_actions_init(&value));
        try {
            for (int i = 0; i < 3; ++i)
                if (int fd = request.streams[static_cast<std::size_t>(i)]; fd >= 0)
                    check_spawn(::posix_spawn_file_actions_adddup2(&value, fd, i));
            if (request.stderr_is_stdout) check_spawn(::posix_spawn_file_actions_adddup2(&value, 1, 2));
            if (request.cwd)
                check_spawn(::posix_spawn_file_actions_addchdir_np(&value, without_zero(*request.cwd).c_str()));
            check_spawn(::posix_spawn_file_actions_addclosefrom_np(&value, 3));
        } catch (...) {
            ::posix_spawn_file_actions_destroy(&value);
            throw;
        }
    }
    file_actions(const file_actions&) = delete;
    file_actions& operator=(const file_actions&) = delete;
    ~file_actions() { ::posix_spawn_file_actions_destroy(&value); }
};

struct attributes {
    posix_spawnattr_t value;

    explicit attributes(const spawn_request& request) {
        check_spawn(::posix_spawnattr_init(&value));
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&value, &none);
        ::posix_spawnattr_setsigdefault(&value, &all);
        const int flags =
            POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (request.new_session ? POSIX_SPAWN_SETSID : 0);
        ::posix_spawnattr_setflags(&value, static_cast<short>(flags));
    }
    attributes(const attributes&) = delete;
    attributes& operator=(const attributes&) = delete;
    ~attributes() { ::posix_spawnattr_destroy(&value); }
};

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

}  // namespace

// posix_spawn does what is hard to do right: it starts the child without copying this process's memory, with every
// signal blocked until there are no handlers left in the child, and it reports the error of a failed exec.
pid_t spawn_child(const spawn_request& request) {
    without_zero(request.program);
    const file_actions actions(request);
    const attributes attributes(request);
    const std::vector<char*> arguments = pointers(request.arguments);
    const std::vector<std::string> own_variables = request.env ? variables(*request.env) : std::vector<std::string>();
    const std::vector<char*> own_environment = pointers(own_variables);
    char* const* environment = request.env ? own_environment.data() : environ;
    int error = ENOENT;
    for (const std::string& path : candidates(request)) {
        pid_t pid = -1;
        const int failed =
            ::posix_spawn(&pid, path.c_str(), &actions.value, &attributes.value, arguments.data(), environment);
        if (failed == 0) return pid;
        if (failed != ENOENT && failed != ENOTDIR) {
            error = failed;
            if (failed != EACCES) break;
        }
    }
    if (request.cwd && ::access(request.cwd->c_str(), X_OK) != 0)
        throw std::system_error(errno, std::system_category(), "cannot enter " + *request.cwd);
    throw std::system_error(error, std::system_category(), "cannot execute " + request.program);
}

}  // namespace girin::detail
