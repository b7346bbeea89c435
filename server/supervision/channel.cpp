#include "server/supervision/channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace girin::supervision {
namespace {

constexpr std::array<std::string_view, 5> names{"ready", "boot_failed", "peer_joined", "peer_left", "last_call"};

std::string_view take_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

unique_fd take_descriptor(msghdr& header) {
    unique_fd taken;
    for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
        taken.reset(fd);
    }
    return taken;
}

}  // namespace

std::string encode(const message& message) {
    std::string wire(names[static_cast<std::size_t>(message.what)]);
    switch (message.what) {
        case message::kind::ready:
        case message::kind::last_call:
            break;
        case message::kind::boot_failed:
            wire += ' ' + std::to_string(message.exit_code) + ' ' + message.text;
            break;
        case message::kind::peer_joined:
        case message::kind::peer_left:
            wire += ' ' + std::to_string(message.peer);
            break;
    }
    if (wire.size() > longest_message) wire.resize(longest_message);
    return wire;
}

std::optional<message> decode(std::string_view wire) {
    const std::string_view name = take_word(wire);
    if (name == "ready") return message::ready();
    if (name == "last_call") return message::last_call();
    const std::optional<int> value = number(take_word(wire));
    if (!value) return std::nullopt;
    if (name == "boot_failed") return message::boot_failed(*value, std::string(wire));
    if (name == "peer_joined") return message::peer_joined(*value, {});
    if (name == "peer_left") return message::peer_left(*value);
    return std::nullopt;
}

std::pair<channel, channel> channel::pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        throw std::system_error(errno, std::generic_category(), "cannot create a channel to a worker");
    return {channel(unique_fd(ends[0])), channel(unique_fd(ends[1]))};
}

bool channel::send(const message& message) noexcept {
    std::string wire = encode(message);
    iovec part{wire.data(), wire.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (message.scoreboard) {
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        const int fd = message.scoreboard.get();
        std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    ssize_t sent;
    do sent = ::sendmsg(fd_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

channel::received channel::receive(message& into, descriptors allowed) {
    std::array<char, longest_message> wire;
    iovec part{wire.data(), wire.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (allowed == descriptors::accept) {
        header.msg_control = control.data();
        header.msg_controllen = control.size();
    }
    ssize_t got;
    do got = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return received::nothing;
    if (got <= 0) return received::closed;

    unique_fd descriptor = take_descriptor(header);
    std::optional<message> known = decode({wire.data(), static_cast<std::size_t>(got)});
    if (!known) return received::unknown;
    into = std::move(*known);
    if (into.what == message::kind::peer_joined) into.scoreboard = std::move(descriptor);
    return received::message;
}

}  // namespace girin::supervision
