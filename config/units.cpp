// Parsing and printing of durations, sizes and whole numbers.
#include "config/units.hpp"

#include <charconv>
#include <limits>

namespace girin::config {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t scale;
};

constexpr unit time_units[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr unit size_units[] = {{"t", 1ULL << 40}, {"g", 1ULL << 30}, {"m", 1ULL << 20}, {"k", 1ULL << 10}};

// Takes the digits that `text` begins with; nothing when there are none or they do not fit.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
    const auto number = take_number(text);
    return text.empty() ? number : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr std::uint64_t most = std::numeric_limits<std::chrono::milliseconds::rep>::max();
    std::uint64_t total = 0;
    std::uint64_t previous_scale = UINT64_MAX;
    const bool bare = parse_count(text).has_value();
    do {
        const auto number = take_number(text);
        if (!number) return std::nullopt;
        const std::string_view name = bare ? "s" : text.substr(0, text.find_first_of("0123456789"));
        std::uint64_t scale = 0;
        for (const unit& candidate : time_units)
            if (candidate.name == name) scale = candidate.scale;
        if (scale == 0 || scale >= previous_scale || *number > (most - total) / scale) return std::nullopt;
        total += *number * scale;
        previous_scale = scale;
        if (!bare) text.remove_prefix(name.size());
    } while (!text.empty());
    return std::chrono::milliseconds(total);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto number = take_number(text);
    if (!number || text.empty()) return number;
    for (const auto& [name, scale] : size_units)
        if (text.size() == 1 && (text[0] | 0x20) == name[0] && *number <= UINT64_MAX / scale) return *number * scale;
    return std::nullopt;
}

std::string duration_text(std::chrono::milliseconds duration) {
    auto rest = static_cast<std::uint64_t>(duration.count());
    std::string text;
    for (const auto& [name, scale] : time_units) {
        if (rest >= scale) text.append(std::to_string(rest / scale)).append(name);
        rest %= scale;
    }
    return text.empty() ? "0s" : text;
}

std::string size_text(std::uint64_t size) {
    for (const auto& [name, scale] : size_units)
        if (size != 0 && size % scale == 0) return std::to_string(size / scale).append(name);
    return std::to_string(size);
}

}  // namespace girin::config
