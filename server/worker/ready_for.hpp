// Which of these events a socket is ready for, besides POLLHUP and POLLERR.
#pragma once

#include <poll.h>

#include <cerrno>

namespace girin::worker {

inline short ready_for(int socket, short events) noexcept {
    pollfd polled = {socket, events, 0};
    while (::poll(&polled, 1, 0) < 0 && errno == EINTR) continue;
    return polled.revents;
}

}  // namespace girin::worker
