// Durations, sizes and whole numbers as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace girin::config {

// Decimal digits and nothing else; nothing for any other text or a number beyond 64 bits.
std::optional<std::uint64_t> parse_count(std::string_view text);

// `30` (seconds), `30s`, `500ms`, `1h30m`: units h, m, s, ms, each at most once and from large to small.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// `8190` (bytes), `64k`, `1m`, `1g`, `1t`: powers of 1024, in either case.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The shortest text that parses to the same value.
std::string duration_text(std::chrono::milliseconds duration);
std::string size_text(std::uint64_t size);

}  // namespace girin::config
