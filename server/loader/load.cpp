#include "server/loader/load.hpp"

#include "server/loader/shared_object.hpp"
#include "server/supervision/memory_file.hpp"

#include <girin/export_app.hpp>

#include <dlfcn.h>
#include <unistd.h>

#include <filesystem>

namespace girin::loader {

namespace {

// An object that looks for its libraries beside itself has to be loaded from where it is.
bool is_relative_to_itself(const std::string& bytes) {
    return bytes.find("$ORIGIN") != std::string::npos || bytes.find("${ORIGIN}") != std::string::npos;
}

// The copy stays open: debuggers read it, and the dynamic linker takes an object of the same name for the same object.
void* open_object(const std::string& path, const std::string& bytes) {
    std::string name = std::filesystem::absolute(path);
    if (!is_relative_to_itself(bytes)) {
        const int copy =
            supervision::create_sealed_file(std::filesystem::path(path).filename().c_str(), bytes).release();
        name = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(copy);
    }
    return ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
}

const girin::detail::application_entry& load_entry(const std::string& path) {
    void* object = open_object(path, read_application(path));
    if (!object) throw load_error("'" + path + "' cannot be loaded: " + ::dlerror());
    auto* entry = static_cast<const girin::detail::application_entry*>(::dlsym(object, "girin_application"));
    if (!entry) throw load_error("'" + path + "' is not a girin application: it does not export GIRIN_APP's symbol");
    return *entry;
}

}  // namespace

application load_application(const std::string& path) {
    return load_entry(path).make();
}

void require_loadable(const std::string& path) {
    static_cast<void>(load_entry(path));
}

}  // namespace girin::loader
