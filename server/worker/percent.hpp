// Percent-decoding (RFC 3986 section 2.1).
#pragma once

#include <string>
#include <string_view>

namespace girin::worker {

// Every valid %XX becomes its byte; anything else stays as it is. '+' is not a space in a path.
std::string percent_decoded(std::string_view text);

}  // namespace girin::worker
