// A shared object as a file, looked at before it is loaded: loading runs its static constructors.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace girin::loader {

// The application cannot be loaded; what() names the file and says why.
struct load_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Reads the whole file and checks that it is an application for this server: an ELF shared object for this machine,
// complete, with the stamp that GIRIN_APP leaves, equal to this server's. Returns its bytes. Throws load_error.
std::string read_application(const std::string& path);

// The checks on the bytes alone.
void check_application(std::string_view bytes, const std::string& path);

}  // namespace girin::loader
