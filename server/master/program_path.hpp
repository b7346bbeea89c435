// Which file a worker is started from.
#pragma once

#include <string>

namespace girin::master {

// The absolute path that this program was started by, with symbolic links as they are: after a deployment the same path
// leads to the new program, while /proc/self/exe stays with the old file. Falls back on the latter when `argv0` does
// not lead to this program. Relative paths are those of the working folder, so this is to be called before any chdir
// elsewhere.
std::string program_path(const std::string& argv0);

}  // namespace girin::master
