// The text of --help.
#pragma once

#include <string>
#include <string_view>

namespace girin::config {

// Every flag by section, with the setting's name and default; at most 80 columns. `program` is what the user typed.
std::string help_text(std::string_view program);

}  // namespace girin::config
