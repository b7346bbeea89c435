#include "server/http1/authority.hpp"

#include "server/http1/characters.hpp"

namespace girin::http1 {

bool is_authority(std::string_view text) {
    std::size_t host_end = 0;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || close == 1) return false;
        for (const char c : text.substr(1, close - 1))
            if (!is(c, hex_char) && c != ':' && c != '.') return false;
        host_end = close + 1;
    } else {
        for (;;) {
            host_end += find_not(text.substr(host_end), host_char);
            if (host_end == text.size() || text[host_end] != '%') break;
            const std::string_view encoded = text.substr(host_end + 1, 2);
            if (encoded.size() != 2 || !all(encoded, hex_char)) return false;
            host_end += 3;
        }
        if (host_end == 0) return false;
    }
    if (host_end == text.size()) return true;
    return text[host_end] == ':' && all(text.substr(host_end + 1), digit_char);
}

bool authority_checker::check(std::string_view text) {
    if (!is_authority(text)) return false;
    if (text.size() <= sizeof last_) {
        text.copy(last_, text.size());
        size_ = text.size();
    }
    return true;
}

}  // namespace girin::http1
