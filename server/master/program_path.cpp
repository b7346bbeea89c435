#include "server/master/program_path.hpp"

#include "server/working_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace girin::master {
namespace {

namespace fs = std::filesystem;

const fs::path running = "/proc/self/exe";

bool is_this_program(const fs::path& path) {
    std::error_code error;
    return fs::equivalent(path, running, error) && !error;
}

}  // namespace

std::string program_path(const std::string& argv0) {
    if (argv0.find('/') != std::string::npos) {
        if (const fs::path path = in_working_folder(argv0); is_this_program(path)) return path;
    } else if (const char* search = std::getenv("PATH")) {
        std::istringstream folders(search);
        for (std::string folder; std::getline(folders, folder, ':');)
            if (const fs::path path = in_working_folder(folder.empty() ? "." : folder) / argv0; is_this_program(path))
                return path;
    }
    return fs::read_symlink(running);
}

}  // namespace girin::master
