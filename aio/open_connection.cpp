#include "aio/io_wait.hpp"
#include "aio/native_address.hpp"
#include "aio/stream_core.hpp"

#include <girin/getaddrinfo.hpp>
#include <girin/open_connection.hpp>
#include <girin/sleep.hpp>
#include <girin/staggered_race.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace girin {

namespace {

using detail::io_direction;
using detail::io_wait;
using detail::native_address;
using detail::socket_transport;

constexpr auto look_again = std::chrono::milliseconds(10);

std::unique_ptr<socket_transport> new_socket(int family) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw std::system_error(errno, std::system_category(), "socket");
    return std::make_unique<socket_transport>(detail::descriptor(fd));
}

coro<std::unique_ptr<socket_transport>> connect_to(socket_address address) {
    const native_address to(address);
    auto socket = new_socket(to.storage.ss_family);
    const int fd = socket->io.fd();
    auto fail = [&address](int error) { throw std::system_error(error, std::system_category(), to_string(address)); };
    while (::connect(fd, to.get(), to.size) != 0) {
        int error = errno;
        if (error == EAGAIN) {  // only of a Unix socket: there is nothing to wait for
            co_await sleep(look_again);
            continue;
        }
        if (error != EINPROGRESS && error != EINTR) fail(error);
        auto connected = [fd, &error] {
            pollfd writable = {fd, POLLOUT, 0};
            if (::poll(&writable, 1, 0) <= 0) return false;
            socklen_t size = sizeof error;
            if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
            return true;
        };
        co_await io_wait(socket->io, connected, io_direction::write);
        if (error != 0) fail(error);
        break;
    }
    co_return socket;
}

struct attempt {
    socket_address address;
    GIRIN_CORO_WRAPPER coro<std::unique_ptr<socket_transport>> operator()() const { return connect_to(address); }
};

// The families by turns, beginning with the first one's.
std::vector<socket_address> interlaced(const std::vector<socket_address>& addresses) {
    std::vector<socket_address> first, second, result;
    for (const socket_address& a : addresses) (a.family == addresses.front().family ? first : second).push_back(a);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) result.push_back(std::move(first[i]));
        if (i < second.size()) result.push_back(std::move(second[i]));
    }
    return result;
}

// What is no answer of the network's is raised as it is.
[[noreturn]] void raise_failures(const std::string& where, const std::vector<std::exception_ptr>& failures) {
    std::error_code first;
    std::string all;
    bool same = true;
    for (const std::exception_ptr& failure : failures) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::system_error& e) {
            if (!first) first = e.code();
            same = same && e.code() == first;
            all += (all.empty() ? "" : ", ") + std::string(e.what());
        }
    }
    throw std::system_error(first, "cannot connect to " + where + (same ? "" : " (" + all + ")"));
}

coro<connection> connect_over_tcp(std::string host, std::uint16_t port, connection_options options) {
    const auto addresses = co_await getaddrinfo(host, port, {.family = options.family});
    std::vector<attempt> attempts;
    for (socket_address& address : interlaced(addresses)) attempts.push_back({std::move(address)});
    auto race = co_await staggered_race(std::move(attempts), options.happy_eyeballs_delay);
    if (!race.winner) raise_failures(host + ":" + std::to_string(port), race.exceptions);
    co_return detail::handles_of(detail::open_socket_stream(*std::move(race.value), options.limit));
}

coro<connection> connect_locally(std::string path, std::size_t limit) {
    std::unique_ptr<socket_transport> socket;
    try {
        socket = co_await connect_to({.family = address_family::local, .host = path});
    } catch (const std::system_error& e) {
        throw std::system_error(e.code(), "cannot connect to " + path);
    }
    co_return detail::handles_of(detail::open_socket_stream(std::move(socket), limit));
}

}  // namespace

coro<connection> open_connection(std::string host, std::uint16_t port, connection_options options) {
    return connect_over_tcp(std::move(host), port, options);
}

coro<connection> open_unix_connection(std::string path, std::size_t limit) {
    return connect_locally(std::move(path), limit);
}

}  // namespace girin
