// An exception in words, for the log.
#pragma once

#include <exception>
#include <string>

namespace girin::worker {

// "std::runtime_error: what it says", with control characters escaped.
std::string describe(const std::exception_ptr& raised);

}  // namespace girin::worker
