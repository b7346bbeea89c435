// The main function of a self-contained application: serves what GIRIN_APP names in the same program.
#include <girin/export_app.hpp>
#include <girin/run.hpp>

extern "C" const girin::detail::application_entry girin_application;

int main(int argc, char** argv) {
    return girin::run(argc, argv, girin_application.make);
}
