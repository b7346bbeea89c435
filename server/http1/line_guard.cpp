#include "server/http1/line_guard.hpp"

#include "server/http1/characters.hpp"

namespace girin::http1 {
namespace {

std::size_t size_between(const char* from, const char* to) {
    return static_cast<std::size_t>(to - from);
}

}  // namespace

// A verdict depends on nothing but the position it is about, so that the same bytes are refused alike in one piece and
// in many.
failure line_guard::scan(std::string_view section, const limits& limits) {
    const char* const begin = section.data();
    const char* const end = begin + section.size();
    const char* line = begin + line_;
    const char* at = begin + scanned_;
    std::size_t longest = in_request_line_ ? limits.request_line : limits.field_size;
    for (;;) {
        if (at == line && at != end && !in_request_line_) {
            if (is_ows(*at)) return {400, "Folded header line"};
            if (*at == ':') return {400, "Header name missing"};
        }
        at = find_control(at, end);
        if (size_between(line, at) > longest || size_between(begin, at) > limits.head_size) return too_long();
        if (at == end) break;
        if (*at != '\r') {
            if (*at == '\t' && !in_request_line_) {
                ++at;
                continue;
            }
            return {400, *at == '\n' ? "LF without CR" : "Control character in the head"};
        }
        if (at + 1 == end) break;
        if (at[1] != '\n') return {400, "CR without LF"};
        const char* const line_end = at;
        at += 2;
        if (in_request_line_) {
            if (line_end == line) return {400, "Request line missing"};
            request_line_size_ = size_between(line, line_end);
            in_request_line_ = false;
            longest = limits.field_size;
        } else if (line_end == line) {
            complete_ = true;
            break;
        } else if (++fields_ > limits.fields) {
            return {431, "Too many header fields"};
        }
        line = at;
    }
    scanned_ = size_between(begin, at);
    line_ = size_between(begin, line);
    return {};
}

failure line_guard::too_long() const {
    if (in_request_line_) return {414, "Request line too long"};
    return {431, "Header fields too large"};
}

}  // namespace girin::http1
