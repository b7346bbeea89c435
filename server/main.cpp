// The program girin: serves the application of a shared object.
#include <girin/run.hpp>

int main(int argc, char** argv) {
    return girin::run(argc, argv);
}
