#include "server/working_folder.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace girin {

namespace fs = std::filesystem;

fs::path working_folder() {
    const char* const named = std::getenv("PWD");
    std::error_code error;
    if (named != nullptr && *named == '/' && fs::equivalent(named, ".", error) && !error) return named;
    fs::path own = fs::current_path(error);
    if (!error) return own;
    throw std::runtime_error("the current folder " +
                             (named != nullptr ? "'" + std::string(named) + "' " : std::string()) +
                             "cannot be used: " + error.message());
}

fs::path in_working_folder(const fs::path& path) {
    return path.is_absolute() ? path : working_folder() / path;
}

}  // namespace girin
