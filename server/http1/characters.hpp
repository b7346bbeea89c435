// The character classes of RFC 9110 and RFC 9112, and the few scans that run over every byte.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace girin::http1 {

enum character_class : std::uint8_t {
    token_char = 1,   // tchar (RFC 9110 section 5.6.2)
    target_char = 2,  // Visible ASCII except '#': what may stand in a request target.
    path_char = 4,    // The same without '?'.
    host_char = 8,    // unreserved and sub-delims (RFC 3986 section 2): a registered name without percent-encoding.
    digit_char = 16,
    hex_char = 32,
    plain_path_char = 64,  // path_char without '%': what stands for itself.
};

constexpr std::array<std::uint8_t, 256> character_classes = [] {
    std::array<std::uint8_t, 256> table{};
    const auto add = [&](std::string_view characters, int classes) {
        for (const char c : characters) table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(classes);
    };
    for (char c = 0x21; c < 0x7f; ++c) {
        if (c != '#') add({&c, 1}, target_char);
        if (c != '#' && c != '?') add({&c, 1}, path_char);
        if (c != '#' && c != '?' && c != '%') add({&c, 1}, plain_path_char);
    }
    for (char c = 'a'; c <= 'z'; ++c) {
        const char upper = static_cast<char>(c - 'a' + 'A');
        add({&c, 1}, token_char | host_char);
        add({&upper, 1}, token_char | host_char);
    }
    add("0123456789", token_char | host_char | digit_char);
    add("0123456789abcdefABCDEF", hex_char);
    add("!#$%&'*+-.^_`|~", token_char);
    add("-._~!$&'()*+,;=", host_char);
    return table;
}();

// Each tchar but '_' in lower case, and NUL for all other characters.
constexpr std::array<char, 256> lower_case_tokens = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c)
        if ((character_classes[c] & token_char) != 0 && c != '_')
            table[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    return table;
}();

constexpr bool is(char c, character_class what) {
    return (character_classes[static_cast<unsigned char>(c)] & what) != 0;
}

// Where the first character is that does not belong to the class, or text.size().
constexpr std::size_t find_not(std::string_view text, character_class what) {
    std::size_t i = 0;
    while (i < text.size() && is(text[i], what)) ++i;
    return i;
}

constexpr bool all(std::string_view text, character_class what) {
    return find_not(text, what) == text.size();
}

constexpr bool is_ows(char c) {
    return c == ' ' || c == '\t';
}

// The text without the optional white space around it (RFC 9110 section 5.6.3).
constexpr std::string_view trim_ows(std::string_view text) {
    while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
    while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
    return text;
}

// How many bytes control_mask looks at.
#if defined(__SSE2__)
constexpr std::size_t block_size = 16;
#else
constexpr std::size_t block_size = 8;
#endif

// A bit for each of the block_size bytes from there that is below 0x20 or DEL, the first byte's the lowest.
inline unsigned control_mask(const char* block) {
#if defined(__SSE2__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
    const __m128i is_low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i is_del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(is_low, is_del)));
#else
    // The sums set the high bit of a byte that is at least 0x20, or that differs from DEL, and never carry into the
    // next.
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = 0x80 * ones;
    std::uint64_t word;
    std::memcpy(&word, block, sizeof word);
    const std::uint64_t low = word & ~high;
    const std::uint64_t printable = (low + 0x60 * ones) & ((low ^ 0x7f * ones) + 0x7f * ones);
    const std::uint64_t controls = ~(printable | word) & high;
    return static_cast<unsigned>(((controls >> 7) * 0x0102040810204080) >> 56);
#endif
}

// The same for what is behind `from`, less than a block.
inline unsigned control_mask_of_rest(std::string_view text, std::size_t from) {
    if (text.size() >= block_size)
        return control_mask(text.data() + text.size() - block_size) >> (block_size - (text.size() - from));
    char block[block_size];
    std::memset(block, ' ', block_size);
    std::memcpy(block, text.data() + from, text.size() - from);
    return control_mask(block);
}

// Where the first control byte (below 0x20, or DEL) is at or behind `from`; or text.size().
inline std::size_t find_control(std::string_view text, std::size_t from) {
    for (; from + block_size <= text.size(); from += block_size)
        if (const unsigned controls = control_mask(text.data() + from))
            return from + static_cast<std::size_t>(std::countr_zero(controls));
    if (from == text.size()) return from;
    const unsigned controls = control_mask_of_rest(text, from);
    return controls == 0 ? text.size() : from + static_cast<std::size_t>(std::countr_zero(controls));
}

}  // namespace girin::http1
