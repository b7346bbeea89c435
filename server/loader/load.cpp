#include "server/loader/load.hpp"

#include "server/loader/shared_object.hpp"
#include "server/supervision/memory_file.hpp"

#include <girin/export_app.hpp>

#include <dlfcn.h>

#include <filesystem>

namespace girin::loader {

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GIRIN_LOAD_BY_PATH  // The sanitizers' reports read symbols from the file.
#endif
#endif

// An object that looks for its libraries beside itself has to be loaded from where it is.
[[maybe_unused]] bool is_relative_to_itself(const std::string& bytes) {
    return bytes.find("$ORIGIN") != std::string::npos;
}

void* open_object(const std::string& path, [[maybe_unused]] const std::string& bytes) {
#if !defined(GIRIN_LOAD_BY_PATH)
    if (!is_relative_to_itself(bytes)) {
        unique_fd copy = supervision::create_sealed_file(std::filesystem::path(path).filename().c_str(), bytes);
        return ::dlopen(("/proc/self/fd/" + std::to_string(copy.get())).c_str(), RTLD_NOW | RTLD_LOCAL);
    }
#endif
    return ::dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
}

}  // namespace

application load_application(const std::string& path) {
    void* object = open_object(path, read_application(path));
    if (!object) throw load_error("'" + path + "' cannot be loaded: " + ::dlerror());
    auto* entry = static_cast<const girin::detail::application_entry*>(::dlsym(object, "girin_application"));
    if (!entry) throw load_error("'" + path + "' is not a girin application: it does not export GIRIN_APP's symbol");
    return entry->make();
}

}  // namespace girin::loader
