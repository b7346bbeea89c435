// Loads an application's shared object into this process, for good.
#pragma once

#include <girin/application.hpp>

#include <string>

namespace girin::loader {

// Checks the file, loads it and calls what it names with GIRIN_APP. A private copy is loaded, so that writing into the
// file later does not reach this process. Throws load_error, or what the application's own function throws.
application load_application(const std::string& path);

// Loads it likewise, which runs its static constructors, and makes no application. Throws load_error.
void require_loadable(const std::string& path);

}  // namespace girin::loader
