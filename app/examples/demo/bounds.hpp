// The demo's query parameters, within bounds that nobody can hold a server up with.
#pragma once

#include <girin/app.hpp>

#include <chrono>

namespace demo {

// ?ms=, from 0 to 60,000; 400 beyond.
std::chrono::milliseconds milliseconds(const girin::request& req, int absent);

// ?n=, from 0 to 1,000,000; 400 beyond.
int count(const girin::request& req, int absent);

}  // namespace demo
