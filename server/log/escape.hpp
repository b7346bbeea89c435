// Makes bytes from outside harmless in a line of a log.
#pragma once

#include <string>
#include <string_view>

namespace girin::log {

// Appends `text` with `"` and `\` behind a backslash and every byte outside printable ASCII as \xHH (as nginx does), so
// that nobody can forge a line or steer a terminal.
void append_escaped(std::string& out, std::string_view text);

std::string escaped(std::string_view text);

}  // namespace girin::log
