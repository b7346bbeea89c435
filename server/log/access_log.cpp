#include "server/log/access_log.hpp"

#include "server/log/basic_user.hpp"
#include "server/log/escape.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

namespace girin::log {
namespace {

void append_number(std::string& out, std::uint64_t value) {
    std::array<char, 20> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_or_dash(std::string& out, std::string_view text) {
    if (text.empty())
        out += '-';
    else
        append_escaped(out, text);
}

template <class Unit>
std::uint64_t in(std::chrono::nanoseconds duration) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::duration_cast<Unit>(duration).count()));
}

}  // namespace

access_log_format::access_log_format(std::string_view pattern) {
    std::string literal;
    while (!pattern.empty()) {
        const std::size_t percent = pattern.find('%');
        literal += pattern.substr(0, percent);
        if (percent == pattern.npos) break;
        pattern.remove_prefix(percent);
        if (pattern.starts_with("%%")) {
            literal += '%';
            pattern.remove_prefix(2);
            continue;
        }
        const std::size_t end = pattern.find(")s");
        if (!pattern.starts_with("%(") || end == pattern.npos)
            throw std::invalid_argument("the access log format must have %(atom)s or %% where it has '" +
                                        std::string(pattern.substr(0, 12)) + "'");
        if (!literal.empty()) items_.push_back({atom::literal, std::exchange(literal, {})});
        items_.push_back(item_named(pattern.substr(2, end - 2)));
        pattern.remove_prefix(end + 2);
    }
    literal += '\n';
    items_.push_back({atom::literal, std::move(literal)});
}

access_log_format::item access_log_format::item_named(std::string_view name) {
    if (name.size() > 3 && name.front() == '{' && name[name.size() - 2] == '}') {
        const std::string inner(name.substr(1, name.size() - 3));
        if (name.back() == 'i') return {atom::request_header, inner};
        if (name.back() == 'o') return {atom::response_header, inner};
        if (name.back() == 'e') {
            const char* value = std::getenv(inner.c_str());
            return {atom::literal, value != nullptr && *value != '\0' ? escaped(value) : "-"};
        }
    }
    switch (name.size() == 1 ? name.front() : '\0') {
        case 'h':
            return {atom::remote_address, {}};
        case 'l':
            return {atom::literal, "-"};
        case 'u':
            return {atom::user, {}};
        case 't':
            return {atom::time, {}};
        case 'r':
            return {atom::request_line, {}};
        case 'm':
            return {atom::method, {}};
        case 'U':
            return {atom::path, {}};
        case 'q':
            return {atom::query, {}};
        case 'H':
            return {atom::protocol, {}};
        case 's':
            return {atom::status, {}};
        case 'B':
            return {atom::bytes, {}};
        case 'b':
            return {atom::bytes_or_dash, {}};
        case 'f':
            return {atom::request_header, "referer"};
        case 'a':
            return {atom::request_header, "user-agent"};
        case 'T':
            return {atom::seconds, {}};
        case 'M':
            return {atom::milliseconds, {}};
        case 'D':
            return {atom::microseconds, {}};
        case 'L':
            return {atom::decimal_seconds, {}};
        case 'p':
            return {atom::pid, {}};
        default:
            break;
    }
    throw std::invalid_argument(
        "an atom of the access log format must be one of h l u t r m U q H s B b f a T M D L p, {Header}i, {Header}o "
        "or "
        "{NAME}e, not '" +
        std::string(name) + "'");
}

bool access_log_format::shows_response_fields() const {
    return std::any_of(items_.begin(), items_.end(), [](const item& i) { return i.what == atom::response_header; });
}

void access_log_format::append(std::string& out, const access_record& record) {
    for (const item& item : items_) append_item(out, item, record);
}

void access_log_format::append_item(std::string& out, const item& item, const access_record& record) {
    switch (item.what) {
        case atom::literal:
            out += item.text;
            break;
        case atom::remote_address:
            append_or_dash(out, record.remote_address);
            break;
        case atom::user:
            append_or_dash(out, basic_user(find_header(record.request_headers, "authorization").value_or("")));
            break;
        case atom::time:
            append_time(out, record.finished);
            break;
        case atom::request_line:
            append_escaped(out, record.method);
            out += ' ';
            append_escaped(out, record.target);
            out += ' ';
            append_escaped(out, record.protocol);
            break;
        case atom::method:
            append_or_dash(out, record.method);
            break;
        case atom::path:
            append_or_dash(out, record.path);
            break;
        case atom::query:
            append_escaped(out, record.query);
            break;
        case atom::protocol:
            append_or_dash(out, record.protocol);
            break;
        case atom::status:
            append_number(out, static_cast<std::uint64_t>(record.status));
            break;
        case atom::bytes:
            append_number(out, record.body_bytes);
            break;
        case atom::bytes_or_dash:
            if (record.body_bytes == 0)
                out += '-';
            else
                append_number(out, record.body_bytes);
            break;
        case atom::seconds:
            append_number(out, in<std::chrono::seconds>(record.duration));
            break;
        case atom::milliseconds:
            append_number(out, in<std::chrono::milliseconds>(record.duration));
            break;
        case atom::microseconds:
            append_number(out, in<std::chrono::microseconds>(record.duration));
            break;
        case atom::decimal_seconds: {
            const std::uint64_t microseconds = in<std::chrono::microseconds>(record.duration);
            append_number(out, microseconds / 1'000'000);
            const std::string fraction = std::to_string(microseconds % 1'000'000);
            out += '.';
            out.append(6 - fraction.size(), '0');
            out += fraction;
            break;
        }
        case atom::pid:
            out += '<';
            append_number(out, static_cast<std::uint64_t>(::getpid()));
            out += '>';
            break;
        case atom::request_header:
            append_or_dash(out, find_header(record.request_headers, item.text).value_or(""));
            break;
        case atom::response_header:
            append_or_dash(out, find_header(record.response_headers, item.text).value_or(""));
            break;
    }
}

void access_log_format::append_time(std::string& out, std::time_t now) {
    if (now != cached_second_) {
        std::tm parts{};
        ::localtime_r(&now, &parts);
        std::array<char, 64> text;
        cached_time_.assign(text.data(), std::strftime(text.data(), text.size(), "[%d/%b/%Y:%H:%M:%S %z]", &parts));
        cached_second_ = now;
    }
    out += cached_time_;
}

}  // namespace girin::log
