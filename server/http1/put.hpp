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

}  // namespace girin::http1
