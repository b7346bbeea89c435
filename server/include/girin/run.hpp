// run: a server around an application that is linked in.
#pragma once

#include <girin/application.hpp>
#include <girin/export.hpp>

namespace girin {

namespace detail {

GIRIN_EXPORT int run_server(int argc, char** argv, application (*make)(void*), void* context);

}  // namespace detail

// Serves what make_app() returns: `int main(int argc, char** argv) { return girin::run(argc, argv, make_app); }`. The
// same command line as the program girin, without the path of a shared object. Returns the exit code. Call it first: it
// starts this program again for each worker.
template <class Factory>
int run(int argc, char** argv, Factory make_app) {
    return detail::run_server(
        argc, argv, [](void* factory) { return application((*static_cast<Factory*>(factory))()); }, &make_app);
}

// The program girin: the application is the shared object that the command line names.
GIRIN_EXPORT int run(int argc, char** argv);

}  // namespace girin
