#include "server/http1/date.hpp"

#include <cstring>

namespace girin::http1 {
namespace {

void put_digits(char* out, int value, int count) {
    for (; count > 0; value /= 10) out[--count] = static_cast<char>('0' + value % 10);
}

}  // namespace

// Not strftime, whose names of days and months are the locale's.
void format_date(std::time_t time, char* out) {
    std::tm utc{};
    gmtime_r(&time, &utc);
    std::memcpy(out, "ddd, 00 mmm 0000 00:00:00 GMT", date_size);
    std::memcpy(out, &"SunMonTueWedThuFriSat"[3 * utc.tm_wday], 3);
    put_digits(out + 5, utc.tm_mday, 2);
    std::memcpy(out + 8, &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * utc.tm_mon], 3);
    put_digits(out + 12, utc.tm_year + 1900, 4);
    put_digits(out + 17, utc.tm_hour, 2);
    put_digits(out + 20, utc.tm_min, 2);
    put_digits(out + 23, utc.tm_sec, 2);
}

}  // namespace girin::http1
