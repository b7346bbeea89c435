#include "aio/native_address.hpp"

#include <girin/getaddrinfo.hpp>
#include <girin/to_thread.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace girin {

namespace {

class gai_errors final : public std::error_category {
 public:
    const char* name() const noexcept override { return "getaddrinfo"; }
    std::string message(int code) const override { return ::gai_strerror(code); }
};

struct answer {
    int error = 0;
    int system_error = 0;
    std::vector<socket_address> addresses;
};

int native_family(address_family family) {
    if (family == address_family::ipv4) return AF_INET;
    return family == address_family::ipv6 ? AF_INET6 : AF_UNSPEC;
}

answer look_up(const std::string& host, std::uint16_t port, lookup_options options, int flags) {
    addrinfo hints = {};
    hints.ai_family = native_family(options.family);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV | (options.passive ? AI_PASSIVE : 0);
    addrinfo* found = nullptr;
    answer result;
    result.error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
    result.system_error = errno;
    if (result.error != 0) return result;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> keep(found, &::freeaddrinfo);
    for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
        detail::native_address native;
        if (entry->ai_addrlen > native.size) continue;
        std::memcpy(&native.storage, entry->ai_addr, entry->ai_addrlen);
        native.size = entry->ai_addrlen;
        socket_address address = native.read();
        if (std::find(result.addresses.begin(), result.addresses.end(), address) == result.addresses.end())
            result.addresses.push_back(std::move(address));
    }
    if (result.addresses.empty()) result.error = EAI_NONAME;
    return result;
}

// localhost is this machine (RFC 6761, section 6.3), also where no /etc/hosts says so, as in a container's bare root.
answer look_up_name(const std::string& host, std::uint16_t port, lookup_options options) {
    answer found = look_up(host, port, options, 0);
    if (found.error == 0 || host != "localhost") return found;
    options.passive = false;
    return look_up("", port, options, 0);
}

coro<std::vector<socket_address>> look_up_host(std::string host, std::uint16_t port, lookup_options options) {
    if (host.find('\0') != std::string::npos) throw std::invalid_argument("a byte 0 in the name of a host");
    answer found = look_up(host, port, options, AI_NUMERICHOST);
    if (found.error == EAI_NONAME)
        found = co_await to_thread(abandon, [host, port, options] { return look_up_name(host, port, options); });
    if (found.error == 0) co_return std::move(found.addresses);
    const std::string what = "cannot look up " + host + ":" + std::to_string(port);
    if (found.error == EAI_SYSTEM) throw std::system_error(found.system_error, std::system_category(), what);
    throw std::system_error(found.error, gai_category(), what);
}

}  // namespace

const std::error_category& gai_category() noexcept {
    static const gai_errors category;
    return category;
}

coro<std::vector<socket_address>> getaddrinfo(std::string host, std::uint16_t port, lookup_options options) {
    return look_up_host(std::move(host), port, options);
}

}  // namespace girin
