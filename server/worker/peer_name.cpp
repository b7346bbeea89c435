#include "server/worker/peer_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace girin::worker {

peer_name::peer_name(const sockaddr_storage& from) noexcept {
    const char* written = nullptr;
    if (from.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
        written = inet_ntop(AF_INET, &v4.sin_addr, host_, sizeof host_);
        port_ = ntohs(v4.sin_port);
    } else if (from.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
        written = inet_ntop(AF_INET6, &v6.sin6_addr, host_, sizeof host_);
        port_ = ntohs(v6.sin6_port);
    }
    if (written) length_ = static_cast<std::uint8_t>(std::strlen(host_));
}

}  // namespace girin::worker
