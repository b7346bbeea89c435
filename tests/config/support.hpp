// What several tests of settings share.
#pragma once

#include "config/error.hpp"
#include "config/load.hpp"
#include "config/value.hpp"

#include <string>
#include <variant>
#include <vector>

namespace girin::config::testing {

// The message of the config_error that `body` throws, or "nothing thrown".
template <class Body>
std::string message_of(Body body) {
    try {
        body();
    } catch (const config_error& error) {
        return error.what();
    }
    return "nothing thrown";
}

inline parsed load_with(std::vector<const char*> arguments, const environment& variables = {}) {
    arguments.insert(arguments.begin(), "/usr/bin/girin");
    return load(static_cast<int>(arguments.size()), arguments.data(), variables);
}

inline const definition& setting(std::string_view name) {
    return *find_definition(name);
}

// A text for any setting that makes a value other than its default.
inline std::string another_text(const definition& setting) {
    const std::string usual = value_text(settings{}, setting);
    const std::string words =
        std::holds_alternative<bool settings::*>(setting.field) ? "true|false" : form_of(setting).metavar;
    if (const std::size_t bar = words.find('|'); bar != words.npos)
        return words.starts_with(usual) ? words.substr(words.rfind('|') + 1) : words.substr(0, bar);
    if (words == "ADDRESS") return "[::1]:81,unix:/run/a.sock,example.com:0";
    if (words == "N") return std::to_string(setting.bounds.least + 13);
    if (words == "SIZE") return "321";
    if (words == "TIME") return "1m1s7ms";
    if (words == "MODE") return "0117";
    return "/an \"odd\" \\ p\u00e4th\t#1";
}

}  // namespace girin::config::testing
