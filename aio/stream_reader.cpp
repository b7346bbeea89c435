#include "aio/stream_core.hpp"

#include <girin/stream_reader.hpp>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace girin {

namespace {

using detail::stream_core;
using stream_ref = detail::ref<stream_core>;

stream_core& core_of(const detail::ref<detail::resource>& core) {
    return static_cast<stream_core&>(*core);
}

coro<std::string> read_some(stream_ref s, std::size_t n) {
    while (n != 0 && s->unread().empty() && !s->ended()) co_await stream_core::more(s);
    co_return s->take(n);
}

// Nothing is taken before the end, so that nothing is lost when it is cancelled.
coro<std::string> read_all(stream_ref s) {
    while (!s->ended()) co_await stream_core::more(s);
    co_return s->take(std::numeric_limits<std::size_t>::max());
}

coro<std::string> read_exactly(stream_ref s, std::size_t n) {
    while (s->unread().size() < n) {
        if (s->ended()) throw incomplete_read_error(s->take(n), n);
        co_await stream_core::more(s);
    }
    co_return s->take(n);
}

// Separators are sorted by length. The search does not look twice at what cannot be the beginning of one.
coro<std::string> read_until(stream_ref s, std::vector<std::string> separators) {
    if (separators.empty() || separators.front().empty())
        throw std::invalid_argument("a separator has at least one byte");
    const std::size_t longest = separators.back().size();
    for (std::size_t from = 0;;) {
        const std::string_view unread = s->unread();
        std::size_t begin = std::string_view::npos, end = std::string_view::npos;
        for (const std::string& separator : separators) {
            const std::size_t found = unread.find(separator, from);
            if (found == std::string_view::npos || found + separator.size() >= end) continue;
            begin = found;
            end = found + separator.size();
        }
        if (end != std::string_view::npos) {
            if (begin > s->limit())
                throw limit_overrun_error("Separator is found, but chunk is longer than limit", begin);
            co_return s->take(end);
        }
        from = unread.size() + 1 > longest ? unread.size() + 1 - longest : 0;
        if (from > s->limit()) throw limit_overrun_error("Separator is not found, and chunk exceed the limit", from);
        if (s->ended()) throw incomplete_read_error(s->take(unread.size()), std::nullopt);
        co_await stream_core::more(s);
    }
}

coro<std::string> read_line(stream_ref s) {
    std::vector<std::string> end_of_line(1, "\n");
    try {
        co_return co_await read_until(s, std::move(end_of_line));
    } catch (const incomplete_read_error& end) {
        co_return end.partial();
    } catch (const limit_overrun_error& e) {
        const std::string_view unread = s->unread();
        s->drop(unread.substr(e.consumed()).starts_with('\n') ? e.consumed() + 1 : unread.size());
        throw;
    }
}

coro<std::optional<std::string>> next_line(stream_ref s) {
    std::string line = co_await read_line(std::move(s));
    if (line.empty()) co_return std::nullopt;
    co_return line;
}

}  // namespace

incomplete_read_error::incomplete_read_error(std::string partial, std::optional<std::size_t> expected)
    : std::runtime_error(std::to_string(partial.size()) + " bytes read on a total of " +
                         (expected ? std::to_string(*expected) : "undefined") + " expected bytes"),
      partial_(std::move(partial)),
      expected_(expected) {}

incomplete_read_error::~incomplete_read_error() = default;

limit_overrun_error::limit_overrun_error(const std::string& message, std::size_t consumed)
    : std::runtime_error(message), consumed_(consumed) {}

limit_overrun_error::~limit_overrun_error() = default;

coro<std::string> stream_reader::read(std::size_t n) const {
    return read_some(stream_ref(&core_of(core_)), n);
}

coro<std::string> stream_reader::read() const {
    return read_all(stream_ref(&core_of(core_)));
}

coro<std::string> stream_reader::readexactly(std::size_t n) const {
    return read_exactly(stream_ref(&core_of(core_)), n);
}

coro<std::string> stream_reader::readuntil(std::string separator) const {
    std::vector<std::string> only;
    only.push_back(std::move(separator));
    return read_until(stream_ref(&core_of(core_)), std::move(only));
}

coro<std::string> stream_reader::readuntil(std::initializer_list<std::string_view> separators) const {
    std::vector<std::string> all(separators.begin(), separators.end());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    return read_until(stream_ref(&core_of(core_)), std::move(all));
}

coro<std::string> stream_reader::readline() const {
    return read_line(stream_ref(&core_of(core_)));
}

coro<std::optional<std::string>> stream_reader::next() const {
    return next_line(stream_ref(&core_of(core_)));
}

bool stream_reader::at_eof() const noexcept {
    const stream_core& s = core_of(core_);
    return s.ended() && s.unread().empty();
}

}  // namespace girin
