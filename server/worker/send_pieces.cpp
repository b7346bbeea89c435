#include "server/worker/send_pieces.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>

namespace girin::worker {

namespace {

// Most responses are one piece.
ssize_t send_once(int fd, std::string_view ready, const http1::uncopied& rest) noexcept {
    if (rest.empty()) return ::send(fd, ready.data(), ready.size(), MSG_NOSIGNAL);
    iovec pieces[3];
    std::size_t count = 0;
    for (std::string_view piece : {ready, rest.data, rest.suffix})
        if (!piece.empty()) pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
    msghdr message = {};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace

sent send_pieces(int fd, http1::byte_buffer& out, http1::uncopied& rest) noexcept {
    sent so_far = sent::nothing;
    for (;;) {
        const std::string_view ready = out.ready();
        if (ready.empty() && rest.empty()) return sent::everything;
        const ssize_t taken = send_once(fd, ready, rest);
        if (taken < 0) {
            if (errno == EINTR) continue;
            return errno == EAGAIN ? so_far : sent::refused;
        }
        so_far = sent::something;
        auto left = static_cast<std::size_t>(taken);
        const std::size_t of_ready = std::min(left, ready.size());
        out.consume(of_ready);
        left -= of_ready;
        for (std::string_view* piece : {&rest.data, &rest.suffix}) {
            const std::size_t of_piece = std::min(left, piece->size());
            piece->remove_prefix(of_piece);
            left -= of_piece;
        }
    }
}

}  // namespace girin::worker
