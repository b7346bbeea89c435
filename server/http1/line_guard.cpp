#include "server/http1/line_guard.hpp"

#include "server/http1/characters.hpp"

#include <bit>

namespace girin::http1 {

// A verdict depends on nothing but the bytes up to the position it is about, so that the same bytes are refused alike
// in one piece and in many.
failure line_guard::scan(std::string_view text, const limits& limits, text_line* lines) {
    constexpr std::size_t empty_line = 2;
    const std::size_t most_bytes = kind_ == section::head ? limits.head_size : limits.trailers_size + empty_line;
    const bool too_large = text.size() > most_bytes;
    text = text.substr(0, most_bytes);
    const std::size_t most_lines = limits.fields + (kind_ == section::head ? 1 : 0);
    std::size_t longest = in_request_line() ? limits.request_line : limits.field_size;
    std::size_t line = line_;

    for (std::size_t block = scanned_; block < text.size(); block += block_size) {
        const bool whole = text.size() - block >= block_size;
        unsigned controls = whole ? control_mask(text.data() + block) : control_mask_of_rest(text, block);
        for (; controls != 0; controls &= controls - 1) {
            const std::size_t at = block + static_cast<std::size_t>(std::countr_zero(controls));
            if (at < line) continue;  // the LF of a line that ended with the block before
            if (at - line > longest) return too_long();
            if (text[at] != '\r') {
                if (text[at] != '\t' || in_request_line()) return wrong_control(text[at]);
                continue;
            }
            if (at + 1 == text.size()) return pause(line, at, too_large);
            if (text[at + 1] != '\n') return {400, "CR without LF"};
            const std::size_t size = at - line;
            line = at + 2;
            controls &= controls - 1;  // the LF
            if (size == 0) {
                if (in_request_line()) return {400, "Request line missing"};
                size_ = static_cast<std::uint32_t>(line);
                return {};
            }
            if (line_count_ == most_lines) return {431, "Too many header fields"};
            lines[line_count_++] = {at - size, size};
            longest = limits.field_size;
        }
    }
    if (text.size() > line && text.size() - line > longest) return too_long();
    return pause(line, text.size(), too_large);
}

// The section is not complete: the next scan goes on at `scanned`, in the line that begins at `line`.
failure line_guard::pause(std::size_t line, std::size_t scanned, bool too_large) {
    if (too_large) return too_long();
    scanned_ = static_cast<std::uint32_t>(scanned);
    line_ = static_cast<std::uint32_t>(line);
    return {};
}

failure line_guard::wrong_control(char c) const {
    if (c == '\n') return {400, "LF without CR"};
    return {400, "Control character in the head"};
}

failure line_guard::too_long() const {
    if (in_request_line()) return {414, "Request line too long"};
    return {431, "Header fields too large"};
}

}  // namespace girin::http1
