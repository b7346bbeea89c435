// What the outside world knows about each setting; command line, environment, file, help and hand-over all read this.
#pragma once

#include "config/settings.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace girin::config {

// The type of the field says how a value is written: a count, a size (64k), a duration (1h30m), octal permissions, one
// of an enum's words.
using field = std::variant<bool settings::*, std::uint32_t settings::*, std::uint64_t settings::*,
                           std::chrono::milliseconds settings::*, std::string settings::*,
                           std::vector<bind_address> settings::*, worker_kind settings::*, lifespan_mode settings::*,
                           cancel_policy settings::*, log_level settings::*, std::optional<file_mode> settings::*>;

// Both ends allowed; of a count itself, a size in bytes, a duration in milliseconds.
struct bounds {
    std::uint64_t least = 0;
    std::uint64_t most = UINT64_MAX;
    bool or_zero = false;  // which is then allowed too
};

// Another program's variable that stands in for the default, with what to put before its value.
struct fallback {
    std::string_view variable;
    std::string_view prefix;
};

// What a text must be beyond printable UTF-8.
struct text_rule {
    bool (*accepts)(std::string_view text) = nullptr;
    std::string_view expected;
};

struct definition {
    std::string_view name;  // in the file and in --print-config; GIRIN_ and its upper case in the environment
    std::array<std::string_view, 2> flags = {};  // empty ones do not exist; a bool's long flag has a --no- form too
    std::string_view section;                    // of the help
    config::field field;
    std::string_view help;
    config::bounds bounds = {};
    text_rule rule = {};
    std::string_view metavar = {};  // of a text; the other types have their own
    config::fallback fallback = {};
};

enum class action { serve, check_config, print_config, version, help, health };

// A flag that is no setting: it says what to do, or where the settings file is (the one with a metavar).
struct command {
    std::array<std::string_view, 2> flags;
    config::action action;
    std::string_view metavar;
    std::string_view help;
};

std::span<const command> commands();

// All settings, in the order of the struct and of the help.
std::span<const definition> definitions();

// The definition called `name`, or null.
const definition* find_definition(std::string_view name);

// GIRIN_WORKERS for workers.
std::string environment_name(std::string_view name);

}  // namespace girin::config
