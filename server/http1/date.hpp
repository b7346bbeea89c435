// The time of day as the Date field spells it.
#pragma once

#include <array>
#include <ctime>

namespace girin::http1 {

// An IMF-fixdate (RFC 9110 section 5.6.7), as in "Sun, 06 Nov 1994 08:49:37 GMT".
using date_text = std::array<char, 29>;

// For years 0 to 9999.
date_text format_date(std::time_t time);

}  // namespace girin::http1
