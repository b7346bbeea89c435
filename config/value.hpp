// One setting's value: from text with every check, and back to text.
#pragma once

#include "config/definition.hpp"

#include <span>
#include <string>
#include <string_view>

namespace girin::config {

// Gives the setting its value: a list takes all of `texts` (each split at commas), anything else the last of them.
// Throws config_error, naming `origin`, for a text of the wrong form or out of bounds, and for an address that is in a
// list twice; `values` is then unchanged.
void set_value(settings& values, const definition& setting, std::span<const std::string> texts,
               std::string_view origin);

// The value as --print-config shows it; set_value makes the same value of it.
std::string value_text(const settings& values, const definition& setting);

// How a value is written.
struct value_form {
    std::string metavar;   // in the help: N, TIME, SIZE, async|sync|threads; empty for a bool
    std::string expected;  // in messages: "a whole number from 1 to 1024"
};

value_form form_of(const definition& setting);

// Throws config_error: the setting, where the value came from, what was expected, and `got`.
[[noreturn]] void reject_value(const definition& setting, std::string_view origin, std::string_view got);

}  // namespace girin::config
