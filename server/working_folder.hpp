// Where this program was started, as the shell calls it.
#pragma once

#include <filesystem>

namespace girin {

// The absolute path of the current folder: PWD when that leads there, so that a symbolic link in it may lead elsewhere
// after a deployment, else the folder's own path. Throws std::runtime_error when the folder is gone.
std::filesystem::path working_folder();

// `path` itself when it is absolute, else below the former.
std::filesystem::path in_working_folder(const std::filesystem::path& path);

}  // namespace girin
