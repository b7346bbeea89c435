// Waiting for the end of a child process.
#pragma once

#include <sys/types.h>
#include <sys/wait.h>

#include <cerrno>
#include <optional>

namespace girin::detail {

// The status of a child that has ended, or will have soon. Nothing when somebody else has asked for it first.
inline std::optional<int> reap(pid_t pid) noexcept {
    int status = 0;
    pid_t ended = 0;
    do ended = ::waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    return ended == pid ? std::optional(status) : std::nullopt;
}

}  // namespace girin::detail
