// Parsing, checking and printing of values by the type of their field.
#include "config/value.hpp"

#include "config/bind_text.hpp"
#include "config/error.hpp"
#include "config/text.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <type_traits>
#include <utility>

namespace girin::config {
namespace {

template <class Value>
using word = std::pair<std::string_view, Value>;

// The words for each value of a type; where there are several, the first is printed.
template <class Value>
constexpr std::array<word<Value>, 0> words{};
template <>
constexpr auto words<bool> = std::to_array<word<bool>>({{"true", true},
                                                        {"false", false},
                                                        {"yes", true},
                                                        {"no", false},
                                                        {"on", true},
                                                        {"off", false},
                                                        {"1", true},
                                                        {"0", false}});
template <>
constexpr auto words<worker_kind> = std::to_array<word<worker_kind>>(
    {{"async", worker_kind::async}, {"sync", worker_kind::sync}, {"threads", worker_kind::threads}});
template <>
constexpr auto words<lifespan_mode> = std::to_array<word<lifespan_mode>>(
    {{"auto", lifespan_mode::automatic}, {"on", lifespan_mode::on}, {"off", lifespan_mode::off}});
template <>
constexpr auto words<cancel_policy> = std::to_array<word<cancel_policy>>(
    {{"safe", cancel_policy::safe}, {"always", cancel_policy::always}, {"never", cancel_policy::never}});
template <>
constexpr auto words<log_level> = std::to_array<word<log_level>>({{"debug", log_level::debug},
                                                                  {"info", log_level::info},
                                                                  {"warning", log_level::warning},
                                                                  {"error", log_level::error},
                                                                  {"critical", log_level::critical}});

template <class Value>
std::string all_words() {
    std::string result;
    for (const auto& [text, value] : words<Value>) result.append(result.empty() ? "" : "|").append(text);
    return result;
}

template <class Value>
bool parse(std::string_view text, const definition&, Value& value) {
    for (const auto& [known, meaning] : words<Value>) {
        if (lower(text) != known) continue;
        value = meaning;
        return true;
    }
    return false;
}

bool within(std::optional<std::uint64_t> number, const bounds& allowed) {
    if (number && *number == 0 && allowed.or_zero) return true;
    return number && *number >= allowed.least && *number <= allowed.most;
}

bool parse(std::string_view text, const definition& setting, std::uint32_t& value) {
    const auto number = parse_count(text);
    value = static_cast<std::uint32_t>(number.value_or(0));
    return within(number, setting.bounds) && *number <= UINT32_MAX;
}

bool parse(std::string_view text, const definition& setting, std::uint64_t& value) {
    const auto size = parse_size(text);
    value = size.value_or(0);
    return within(size, setting.bounds);
}

bool parse(std::string_view text, const definition& setting, std::chrono::milliseconds& value) {
    const auto duration = parse_duration(text);
    value = duration.value_or(value);
    return duration && within(static_cast<std::uint64_t>(duration->count()), setting.bounds);
}

bool parse(std::string_view text, const definition& setting, std::string& value) {
    value = text;
    return is_printable(text) && (setting.rule.accepts == nullptr || setting.rule.accepts(text));
}

bool parse(std::string_view text, const definition&, std::optional<file_mode>& value) {
    if (text.empty()) return true;
    std::uint32_t bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 8);
    value = file_mode(bits);
    return error == std::errc{} && end == text.data() + text.size() && bits <= 0777;
}

bool parse(std::string_view text, const definition&, std::vector<bind_address>& value) {
    const auto address = is_printable(text) ? parse_bind(text) : std::nullopt;
    if (address) value.push_back(*address);
    return address.has_value();
}

template <class Value>
std::string print(Value value) {
    for (const auto& [text, meaning] : words<Value>)
        if (meaning == value) return std::string(text);
    return {};
}

std::string print(std::uint32_t count) {
    return std::to_string(count);
}
std::string print(std::uint64_t size) {
    return size_text(size);
}
std::string print(std::chrono::milliseconds duration) {
    return duration_text(duration);
}
std::string print(std::optional<file_mode> mode) {
    if (!mode) return {};
    std::array<char, 12> text = {'0'};
    const auto bits = static_cast<std::uint32_t>(*mode);
    return {text.data(), std::to_chars(text.data() + (bits > 0), text.data() + text.size(), bits, 8).ptr};
}
std::string print(const std::string& text) {
    return text;
}

std::string print(const std::vector<bind_address>& addresses) {
    std::string result;
    for (const bind_address& address : addresses) result.append(result.empty() ? "" : ",").append(bind_text(address));
    return result;
}

// Binding one twice would fail as if somebody else had it. Of port 0 each has its own.
void require_distinct(const std::vector<bind_address>& addresses, const definition& setting, std::string_view origin) {
    for (auto each = addresses.begin(); each != addresses.end(); ++each) {
        if (each->path.empty() && each->port == 0) continue;
        if (std::find(addresses.begin(), each, *each) != each)
            throw config_error(std::string(setting.name)
                                   .append(" (")
                                   .append(origin)
                                   .append("): ")
                                   .append(in_quotes(bind_text(*each)))
                                   .append(" is given twice"));
    }
}

std::vector<std::string> split_at_commas(std::span<const std::string> texts) {
    std::vector<std::string> pieces;
    for (std::string_view rest : texts) {
        for (std::size_t comma = rest.find(','); comma != rest.npos; comma = rest.find(',')) {
            pieces.emplace_back(rest.substr(0, comma));
            rest.remove_prefix(comma + 1);
        }
        pieces.emplace_back(rest);
    }
    return pieces;
}

template <class Value>
value_form form(Value settings::*, const definition&) {
    return {all_words<Value>(), "one of " + all_words<Value>()};
}

value_form form(bool settings::*, const definition&) {
    return {"", "true or false"};
}

value_form form(std::uint32_t settings::*, const definition& setting) {
    const bounds& allowed = setting.bounds;
    return {"N", "a whole number from " + std::to_string(allowed.least) + " to " + std::to_string(allowed.most)};
}

value_form form(std::uint64_t settings::*, const definition& setting) {
    const bounds& allowed = setting.bounds;
    return {"SIZE",
            "a size from " + size_text(allowed.least) + " to " + size_text(allowed.most) + ", such as 8190, 64k or 1m"};
}

value_form form(std::chrono::milliseconds settings::*, const definition& setting) {
    const std::chrono::milliseconds least(setting.bounds.least);
    const std::chrono::milliseconds most(setting.bounds.most);
    return {"TIME", std::string(setting.bounds.or_zero ? "0 or " : "") + "a duration from " + duration_text(least) +
                        " to " + duration_text(most) + ", such as 30, 500ms or 1h30m"};
}

value_form form(std::optional<file_mode> settings::*, const definition&) {
    return {"MODE", "permissions in octal, from 0 to 0777, or nothing"};
}

value_form form(std::string settings::*, const definition& setting) {
    return {std::string(setting.metavar),
            std::string(setting.rule.accepts ? setting.rule.expected : "printable UTF-8 text")};
}

value_form form(std::vector<bind_address> settings::*, const definition&) {
    return {"ADDRESS", "HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH"};
}

}  // namespace

void set_value(settings& values, const definition& setting, std::span<const std::string> texts,
               std::string_view origin) {
    if (texts.empty()) reject_value(setting, origin, "nothing");
    std::visit(
        [&](auto member) {
            std::remove_reference_t<decltype(values.*member)> value{};
            constexpr bool is_list = std::is_same_v<decltype(value), std::vector<bind_address>>;
            for (const std::string& text : is_list ? split_at_commas(texts) : std::vector{texts.back()})
                if (!parse(text, setting, value)) reject_value(setting, origin, in_quotes(text));
            if constexpr (is_list) require_distinct(value, setting, origin);
            values.*member = std::move(value);
        },
        setting.field);
}

std::string value_text(const settings& values, const definition& setting) {
    return std::visit([&values](auto member) { return print(values.*member); }, setting.field);
}

value_form form_of(const definition& setting) {
    return std::visit([&setting](auto member) { return form(member, setting); }, setting.field);
}

void reject_value(const definition& setting, std::string_view origin, std::string_view got) {
    throw config_error(std::string(setting.name)
                           .append(" (")
                           .append(origin)
                           .append("): expected ")
                           .append(form_of(setting).expected)
                           .append(", got ")
                           .append(got));
}

}  // namespace girin::config
