// file: a file that is read and written in threads while the loop goes on.
#pragma once

#include <girin/coro.hpp>
#include <girin/export.hpp>
#include <girin/ref.hpp>
#include <girin/resource.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace girin {

// Copies mean the same file, which has one position. Its calls run in the loop's default pool, one after the other in
// the order in which they were awaited. When a task is cancelled, a call that waits or is queued never runs; one that
// runs is waited for, and has had its effect, and then cancelled_error is raised. What a cancelled read has read stays
// for the next one. Calls raise std::system_error, which names the path, and pool_full when the pool's queue is full.
// Of one loop only, which closes it when it is closed. Not thread-safe.
class GIRIN_EXPORT file {
 public:
    enum class from : unsigned char { begin, position, end };

    explicit file(detail::ref<detail::resource> core) noexcept : core_(std::move(core)) {}

    // Opens a file in one of Python's modes: "r" to read, "w" to write a new or emptied one, "a" to append, "x" to make
    // a new one, which must not exist, and each with a "+" to do both. "b" means nothing: bytes are bytes. New files
    // are for everybody whom the umask does not exclude. std::invalid_argument for any other mode.
    GIRIN_CORO_WRAPPER static coro<file> open(std::string path, std::string mode = "r");

    // At most n bytes, fewer only before the end of the file; nothing at its end.
    GIRIN_CORO_WRAPPER coro<std::string> read(std::size_t n) const;
    // Everything from the position to the end, however much that is.
    GIRIN_CORO_WRAPPER coro<std::string> read() const;
    // A line with its "\n", the last one perhaps without; nothing at the end of the file.
    GIRIN_CORO_WRAPPER coro<std::string> readline() const;
    // The same for `while (auto line = co_await f.next())`: no line at the end of the file.
    GIRIN_CORO_WRAPPER coro<std::optional<std::string>> next() const;
    // Writes all of it at the position, or at the end when it is open to append; the kernel has it when this returns.
    GIRIN_CORO_WRAPPER coro<void> write(std::string bytes) const;

    // Moves the position, and returns it from the beginning.
    GIRIN_CORO_WRAPPER coro<std::uint64_t> seek(std::int64_t offset, from where = from::begin) const;
    GIRIN_CORO_WRAPPER coro<std::uint64_t> tell() const;
    // Makes the file so long, by dropping its end or adding zeros; the position stays.
    GIRIN_CORO_WRAPPER coro<void> truncate(std::uint64_t size) const;
    GIRIN_CORO_WRAPPER coro<std::uint64_t> size() const;
    // Waits until what was written is on the disk (fsync).
    GIRIN_CORO_WRAPPER coro<void> sync() const;

    // Closes it, even if it is cancelled: while other calls have the file it is closed when they end, and the
    // cancellation does not wait for that. Nothing happens when it is closed already. Every other call raises
    // std::runtime_error then. If the last copy goes without close(), the file is closed on the loop's thread, and an
    // error of that is lost.
    GIRIN_CORO_WRAPPER coro<void> close() const;
    bool closed() const noexcept;
    const std::string& name() const noexcept;

 private:
    detail::ref<detail::resource> core_;
};

}  // namespace girin
