#include "server/master/listeners.hpp"

#include "config/bind_text.hpp"
#include "server/log/log.hpp"

#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace girin::master {
namespace {

constexpr int tries = 5;

[[noreturn]] void fail(int error, const std::string& address) {
    throw std::system_error(error, std::generic_category(), "cannot listen on " + address);
}

void enable(int fd, int level, int option) {
    const int on = 1;
    ::setsockopt(fd, level, option, &on, sizeof on);
}

std::string name_of(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, NI_MAXHOST> host;
    std::array<char, NI_MAXSERV> port;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(fd, generic, &length) < 0 || ::getnameinfo(generic, length, host.data(), host.size(), port.data(),
                                                                 port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return "http://?";
    const std::string literal = address.ss_family == AF_INET6 ? "[" + std::string(host.data()) + "]" : host.data();
    return "http://" + literal + ":" + port.data();
}

// An address of IPv6 takes IPv4's clients too, unless one of IPv4 has the port.
bool takes_ipv4(const config::bind_address& at, const std::vector<config::bind_address>& all) {
    return std::ranges::none_of(all, [&](const config::bind_address& other) {
        return other.path.empty() && other.port == at.port && other.port != 0 &&
               other.host.find(':') == std::string::npos;
    });
}

bool somebody_listens(const sockaddr_un& address) {
    const unique_fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return !probe || ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno != ECONNREFUSED;
}

// Whoever completes a handshake between a worker's last accept and the end of the socket would be reset by the kernel,
// so no new handshake begins. Its client tries again after a second, and is refused then.
void drop_new_handshakes(int fd) {
    constexpr unsigned flags = 13;  // where a TCP header has them
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, ~0U),
    };
    const sock_fprog filter{std::size(program), program};
    int domain = AF_UNIX;
    socklen_t length = sizeof domain;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    if (domain != AF_UNIX) ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

}  // namespace

// The file of a unix socket that was just bound.
class listeners::socket_file {
 public:
    explicit socket_file(std::string path) : path_(std::move(path)) {
        if (::lstat(path_.c_str(), &made_) < 0) fail(errno, "unix:" + path_);
    }
    socket_file(const socket_file&) = delete;
    socket_file& operator=(const socket_file&) = delete;
    ~socket_file() {
        struct stat now{};
        if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == made_.st_dev && now.st_ino == made_.st_ino)
            ::unlink(path_.c_str());
    }

 private:
    std::string path_;
    struct stat made_{};
};

listeners::listeners(const options& settings, std::chrono::milliseconds pause) {
    for (const config::bind_address& address : settings.bind) {
        for (int attempt = 1;; ++attempt) {
            try {
                open_.push_back(address.path.empty() ? open_tcp(address, settings) : open_unix(address.path, settings));
                fds_.push_back(open_.back().fd.get());
                break;
            } catch (const std::system_error& error) {
                if (error.code() != std::errc::address_in_use || attempt == tries) throw;
                log::error("Connection in use: " + config::bind_text(address) + "; trying again in " +
                           std::to_string(pause.count()) + " ms");
                ::poll(nullptr, 0, static_cast<int>(pause.count()));
            }
        }
    }
}

void listeners::close() {
    for (const int fd : fds_) drop_new_handshakes(fd);
    fds_.clear();
    open_.clear();
}

std::string listeners::describe() const {
    std::string all;
    for (const listener& each : open_) all += (all.empty() ? "" : ",") + each.name;
    return all;
}

listeners::listener listeners::open_tcp(const config::bind_address& at, const options& settings) {
    const std::string address = config::bind_text(at);
    addrinfo hints{};
    hints.ai_family = at.host.find(':') != std::string::npos ? AF_INET6 : AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(at.port);
    if (const int error = ::getaddrinfo(at.host.c_str(), port.c_str(), &hints, &found); error != 0)
        throw std::invalid_argument("cannot listen on " + address + ": " + ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);

    unique_fd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) fail(errno, address);
    enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    if (found->ai_family == AF_INET6 && !takes_ipv4(at, settings.bind)) enable(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) < 0) fail(errno, address);
    if (::listen(fd.get(), settings.backlog) < 0) fail(errno, address);
    std::string name = name_of(fd.get());
    return {std::move(fd), std::move(name), {}};
}

listeners::listener listeners::open_unix(const std::string& path, const options& settings) {
    const std::string name = "unix:" + path;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) fail(ENAMETOOLONG, name);
    std::memcpy(address.sun_path, path.data(), path.size());

    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) fail(EEXIST, name);
        if (somebody_listens(address)) fail(EADDRINUSE, name);
        ::unlink(path.c_str());
    }
    unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) fail(errno, name);
    const mode_t before = settings.umask ? ::umask(static_cast<mode_t>(*settings.umask)) : 0;
    const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    if (settings.umask) ::umask(before);
    if (bound < 0) fail(error, name);
    auto file = std::make_shared<socket_file>(path);
    if (::listen(fd.get(), settings.backlog) < 0) fail(errno, name);
    return {std::move(fd), name, std::move(file)};
}

}  // namespace girin::master
