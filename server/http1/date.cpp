#include "server/http1/date.hpp"

#include "server/http1/put.hpp"

#include <string_view>

namespace girin::http1 {

// Not strftime, whose names of days and months are the locale's.
date_text format_date(std::time_t time) {
    constexpr std::string_view days = "SunMonTueWedThuFriSat";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    std::tm utc{};
    gmtime_r(&time, &utc);
    date_text text;
    char* at = text.data();
    at = put(at, days.substr(3 * static_cast<std::size_t>(utc.tm_wday), 3));
    at = put_digits(put(at, ", "), utc.tm_mday, 2);
    at = put(put(at, " "), months.substr(3 * static_cast<std::size_t>(utc.tm_mon), 3));
    at = put_digits(put(at, " "), utc.tm_year + 1900, 4);
    at = put_digits(put(at, " "), utc.tm_hour, 2);
    at = put_digits(put(at, ":"), utc.tm_min, 2);
    at = put_digits(put(at, ":"), utc.tm_sec, 2);
    put(at, " GMT");
    return text;
}

}  // namespace girin::http1
