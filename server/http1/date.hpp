// The time of day as the Date field spells it.
#pragma once

#include <cstddef>
#include <ctime>

namespace girin::http1 {

// Bytes of an IMF-fixdate (RFC 9110 section 5.6.7), as in "Sun, 06 Nov 1994 08:49:37 GMT".
constexpr std::size_t date_size = 29;

// Writes date_size bytes, without a terminator; for years 0 to 9999.
void format_date(std::time_t time, char* out);

}  // namespace girin::http1
