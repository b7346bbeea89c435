// stream_reader: the bytes that come in over a connection or out of a child process (asyncio.StreamReader).
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/resource.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace girin {

// The stream has ended before all that was asked for (asyncio.IncompleteReadError).
class GIRIN_EXPORT incomplete_read_error : public std::runtime_error {
 public:
    incomplete_read_error(std::string partial, std::optional<std::size_t> expected);
    incomplete_read_error(const incomplete_read_error&) = default;
    ~incomplete_read_error() override;

    // What came before the end; it has been taken out of the stream.
    const std::string& partial() const noexcept { return partial_; }
    // How many bytes were asked for, unless it was a separator.
    std::optional<std::size_t> expected() const noexcept { return expected_; }

 private:
    std::string partial_;
    std::optional<std::size_t> expected_;
};

// The limit was reached before a separator (asyncio.LimitOverrunError).
class GIRIN_EXPORT limit_overrun_error : public std::runtime_error {
 public:
    limit_overrun_error(const std::string& message, std::size_t consumed);
    limit_overrun_error(const limit_overrun_error&) = default;
    ~limit_overrun_error() override;

    // So many bytes of the stream are known not to belong to a separator.
    std::size_t consumed() const noexcept { return consumed_; }

 private:
    std::size_t consumed_;
};

// Copies mean the same reader. Nothing is read from the kernel before somebody waits for it. A cancelled read has
// taken nothing, and what it has waited for stays for the next one. One task reads at a time: another one that would
// have to wait gets a std::runtime_error. Not thread-safe, and of the loop in which it was made.
//
// When the connection is lost with an error, what has come in can be read, and then std::system_error is raised by
// this one and by every later read. After the writer's close() there is only what has come in, and the end.
class GIRIN_EXPORT stream_reader {
 public:
    explicit stream_reader(detail::ref<detail::resource> core) noexcept : core_(std::move(core)) {}

    // Waits until there is something, and returns at most n bytes of it; nothing at the end of the stream, or when n is
    // 0.
    GIRIN_CORO_WRAPPER coro<std::string> read(std::size_t n) const;
    // Everything up to the end of the stream, however much that is.
    GIRIN_CORO_WRAPPER coro<std::string> read() const;
    // Exactly n bytes, which may be more than the limit. Raises incomplete_read_error at the end of the stream.
    GIRIN_CORO_WRAPPER coro<std::string> readexactly(std::size_t n) const;
    // Everything up to and with the separator. Raises incomplete_read_error at the end of the stream, and
    // limit_overrun_error when more bytes than the limit come before the separator: then they stay in the stream.
    // std::invalid_argument when the separator is empty.
    GIRIN_CORO_WRAPPER coro<std::string> readuntil(std::string separator = "\n") const;
    // The same with the separator that ends first: `readuntil({"\r\n", "\n"})`.
    GIRIN_CORO_COPYING_WRAPPER coro<std::string> readuntil(std::initializer_list<std::string_view> separators) const;
    // A line with its "\n"; without one at the end of the stream, and nothing after that. Raises limit_overrun_error
    // like readuntil(), but drops what was too long: up to and with the "\n" if that has come in, and otherwise all
    // that has.
    GIRIN_CORO_WRAPPER coro<std::string> readline() const;
    // The same for `while (auto line = co_await reader.next())`: no line at the end of the stream.
    GIRIN_CORO_WRAPPER coro<std::optional<std::string>> next() const;

    // Whether the end of the stream has come in, and everything before it was taken.
    bool at_eof() const noexcept;

 private:
    detail::ref<detail::resource> core_;
};

}  // namespace girin
