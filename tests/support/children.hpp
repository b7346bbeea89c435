// For tests of child processes.
#pragma once

#include <girin/coro.hpp>
#include <girin/subprocess.hpp>

#include <doctest/doctest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstddef>
#include <string>

namespace girin::test {

// What a shell writes to its stdout.
inline coro<std::string> output_of(std::string command, subprocess_options options = {}) {
    options.stdout = subprocess::pipe;
    auto shell = co_await create_subprocess_shell(command, options);
    auto output = co_await shell.communicate();
    co_return output.stdout;
}

// Its status.
inline coro<int> status_of(std::string command) {
    auto shell = co_await create_subprocess_shell(command);
    co_return co_await shell.wait();
}

// From now on this thread, and what it starts, has a kernel without this system call.
inline void forbid(unsigned system_call) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {4, filter};
    REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

}  // namespace girin::test
