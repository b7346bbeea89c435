// The exception for settings that cannot be used.
#pragma once

#include <stdexcept>

namespace girin::config {

// what() is the whole message: the setting, where it came from, what was expected and what came. The exit code is 1.
struct config_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace girin::config
