#include "bounds.hpp"

#include <string>

namespace demo {

namespace {

int bounded(const girin::request& req, const char* name, int absent, int most) {
    const int value = req.query(name, absent);
    if (value < 0 || value > most)
        throw girin::http_error(400, std::string(name) + " must be from 0 to " + std::to_string(most));
    return value;
}

}  // namespace

std::chrono::milliseconds milliseconds(const girin::request& req, int absent) {
    return std::chrono::milliseconds(bounded(req, "ms", absent, 60'000));
}

int count(const girin::request& req, int absent) {
    return bounded(req, "n", absent, 1'000'000);
}

}  // namespace demo
