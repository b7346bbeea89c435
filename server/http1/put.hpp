// Writing into room that is known to suffice.
#pragma once

#include <cstring>
#include <string_view>

namespace girin::http1 {

// Returns where the text ends.
inline char* put(char* out, std::string_view text) {
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

// Writes the last `count` decimal digits of a number and returns where they end.
inline char* put_digits(char* out, int number, int count) {
    for (int i = count; i > 0; number /= 10) out[--i] = static_cast<char>('0' + number % 10);
    return out + count;
}

}  // namespace girin::http1
