// Settings from all their sources: command line over GIRIN_* environment over file over defaults.
#pragma once

#include "config/definition.hpp"
#include "config/error.hpp"
#include "config/settings.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace girin::config {

using environment = std::map<std::string, std::string, std::less<>>;

environment current_environment();

struct parsed {
    config::action action = action::serve;
    settings values = {};
    std::vector<std::string> origins = {};   // of each value, in the order of definitions(): "command line -w"
    std::vector<std::string> warnings = {};  // a sentence for each GIRIN_* variable that is no setting
    std::string text = {};                   // what --help or --version prints
    std::string health_url = {};             // of `girin health [URL]`; else where the environment has a server listen
};

// Reads every source and checks every value in it. A variable that is empty counts as not set. No setting is read for
// help, version and health. A relative path of the file is taken from the current folder. Throws
// config_error with one message for the first thing wrong.
parsed load(int argc, const char* const* argv, const environment& variables);

// Where the value of the setting called `name` came from; `name` must exist.
std::string_view origin_of(const parsed& result, std::string_view name);

// One line for each setting, as --print-config shows them: `workers = 4  # command line -w`.
std::string print(const parsed& result);

}  // namespace girin::config
