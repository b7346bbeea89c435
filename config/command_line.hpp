// What the command line says, before any value is looked at.
#pragma once

#include "config/definition.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace girin::config {

struct command_line {
    struct given {
        const definition* setting;
        std::string flag;  // as typed; empty for the application
        std::string text;
    };

    config::action action = action::serve;
    std::optional<std::string> health_url = {};  // of `girin health [URL]`
    std::optional<std::string> config_file = {};
    std::vector<given> values = {};  // in the order typed
};

// Reads the arguments after the program's name. Throws config_error for an unknown flag (naming the nearest), a missing
// value, or an argument too many.
command_line parse_command_line(std::span<const char* const> arguments);

}  // namespace girin::config
