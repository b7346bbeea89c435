#include "server/health.hpp"

#include "aio/unique_fd.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

namespace girin {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(5);

struct target {
    std::string authority;
    std::string host;
    std::string port = "80";
    std::string path = "/";
};

target parse(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme))
        throw std::invalid_argument("expected http://HOST[:PORT]/PATH, got '" + std::string(url) + "'");
    url.remove_prefix(scheme.size());
    target result;
    std::string_view authority = url.substr(0, url.find('/'));
    if (authority.size() < url.size()) result.path = url.substr(authority.size());
    result.authority = authority;
    std::size_t bracket = authority.rfind(']');
    std::size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
    if (colon != authority.npos) {
        result.port = authority.substr(colon + 1);
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
    result.host = authority;
    if (result.host.empty()) throw std::invalid_argument("no host in the URL");
    return result;
}

// Says what a system call on the socket failed with; connect(2) and the others have different words for the time being
// up.
[[noreturn]] void fail(const std::string& what, int error) {
    if (error == EAGAIN || error == EINPROGRESS) throw std::runtime_error("no answer in time");
    throw std::runtime_error(what + ": " + std::strerror(error));
}

// What is left of the time, for the next system call on the socket.
void limit_waiting(int fd, clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - clock::now());
    if (left <= left.zero()) throw std::runtime_error("no answer in time");
    const timeval time = {left.count() / 1'000'000, left.count() % 1'000'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

unique_fd connect_to(const target& t, clock::time_point deadline) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (int error = ::getaddrinfo(t.host.c_str(), t.port.c_str(), &hints, &found))
        throw std::runtime_error("cannot resolve '" + t.host + "': " + ::gai_strerror(error));
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> keep(found, ::freeaddrinfo);
    for (addrinfo* a = found; a; a = a->ai_next) {
        unique_fd fd(::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol));
        if (!fd) continue;
        limit_waiting(fd.get(), deadline);
        if (::connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0) return fd;
    }
    fail("cannot connect to " + t.authority, errno);
}

int status_of(const target& t) {
    const auto deadline = clock::now() + patience;
    const unique_fd fd = connect_to(t, deadline);
    const std::string request = "GET " + t.path + " HTTP/1.1\r\nHost: " + t.authority +
                                "\r\nUser-Agent: girin-health\r\nConnection: close\r\n\r\n";
    if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        fail("cannot send", errno);
    std::string answer;
    constexpr std::size_t enough = 12;  // "HTTP/1.1 200"
    while (answer.size() < enough) {
        char piece[256];
        limit_waiting(fd.get(), deadline);
        const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
        if (got < 0) fail("no answer", errno);
        if (got == 0) throw std::runtime_error("the server closed the connection without an answer");
        answer.append(piece, static_cast<std::size_t>(got));
    }
    int status = 0;
    if (std::sscanf(answer.c_str(), "HTTP/1.%*1[01] %3d", &status) != 1) throw std::runtime_error("not an HTTP answer");
    return status;
}

}  // namespace

int check_health(std::string_view url) {
    try {
        int status = status_of(parse(url));
        if (status >= 200 && status < 400) return 0;
        std::fprintf(stderr, "unhealthy: status %d\n", status);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "unhealthy: %s\n", e.what());
    }
    return 1;
}

}  // namespace girin
