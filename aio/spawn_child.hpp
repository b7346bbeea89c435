// Starts a program in a child process.
#pragma once

#include "aio/unique_fd.hpp"

#include <sys/types.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace girin::detail {

struct spawn_request {
    std::string program;
    std::vector<std::string> arguments;  // with the program's name in front
    std::optional<std::string> cwd = std::nullopt;
    std::optional<std::map<std::string, std::string>> env = std::nullopt;
    std::string variable = {};  // such as "A=1", which this process's environment does not have; nothing with `env`
    bool new_session = false;
    // What becomes 0, 1 and 2, or -1 for this process's own, and 3, or -1 for nothing; each from above_streams().
    std::array<int, 4> streams = {-1, -1, -1, -1};
    bool stderr_is_stdout = false;
};

// See create_subprocess_exec. Throws std::system_error, and std::invalid_argument for what cannot be handed over.
pid_t spawn_child(const spawn_request& request);

// The same file where no stream of a child can be, so that placing one does not close another.
unique_fd above_streams(unique_fd fd);
// /dev/null, for a stream. Throws std::system_error.
unique_fd open_null_device();

}  // namespace girin::detail
