// `girin health [URL]`: asks a server how it is, for images that have no curl.
#pragma once

#include <string_view>

namespace girin {

// Sends GET to an http:// URL and returns 0 for a status from 200 to 399, else 1 with the reason on standard error.
// Takes at most five seconds, and what looking up the name takes.
int check_health(std::string_view url);

}  // namespace girin
