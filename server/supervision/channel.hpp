// The channel between the master and one worker: a socket pair that keeps message boundaries. Its end-of-file says that
// the other side is gone.
#pragma once

#include "aio/unique_fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace girin::supervision {

// One message. The wire has the name and the fields as text, so that old masters and new workers understand each other.
struct message {
    enum class kind { ready, boot_failed, peer_joined, peer_left, last_call };

    kind what = kind::ready;
    int exit_code = 0;     // boot_failed: what the worker is going to exit with
    std::string text;      // boot_failed: why; any bytes, escape before logging
    pid_t peer = 0;        // peer_joined, peer_left
    unique_fd scoreboard;  // peer_joined: the peer's, read-only

    static message ready() { return {}; }
    static message boot_failed(int exit_code, std::string text) {
        return {kind::boot_failed, exit_code, std::move(text), 0, {}};
    }
    static message peer_joined(pid_t peer, unique_fd scoreboard) {
        return {kind::peer_joined, 0, {}, peer, std::move(scoreboard)};
    }
    static message peer_left(pid_t peer) { return {kind::peer_left, 0, {}, peer, {}}; }
    // The master listens no more: who still waits to be accepted is lost with the last worker.
    static message last_call() { return {kind::last_call, 0, {}, 0, {}}; }
};

inline constexpr std::size_t longest_message = 2048;

// A message as it goes over the wire (its descriptor apart), cut to `longest_message` bytes; and back: none for bytes
// that are not a known message.
std::string encode(const message& message);
std::optional<message> decode(std::string_view wire);

// One end, never blocking.
class channel {
 public:
    // Both ends of a new channel, close-on-exec. Throws std::system_error.
    static std::pair<channel, channel> pair();

    channel() = default;
    explicit channel(unique_fd fd) noexcept : fd_(std::move(fd)) {}

    // What to poll for reading; -1 when there is no channel.
    int fd() const noexcept { return fd_.get(); }

    // Whether the kernel took the message; not when the other side is gone or reads nothing.
    bool send(const message& message) noexcept;

    enum class received { message, unknown, nothing, closed };
    enum class descriptors { accept, refuse };

    // Takes one message that has arrived, into `into`; `unknown` is one that this version cannot read, to be skipped.
    // `refuse` makes the kernel drop the descriptors that come with it: a worker cannot make the master hold any.
    received receive(message& into, descriptors allowed);

 private:
    unique_fd fd_;
};

}  // namespace girin::supervision
