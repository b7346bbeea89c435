#include "server/master/listeners.hpp"

#include "config/bind_text.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>

using namespace girin::master;
namespace config = girin::config;
using namespace std::chrono_literals;

namespace {

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, level, name, &value, &length);
    return value;
}

// A client of the first address.
struct caller {
    explicit caller(const listeners& to) {
        socklen_t length = sizeof address;
        ::getsockname(to.fds().at(0), reinterpret_cast<sockaddr*>(&address), &length);
    }
    // 0 when the connection stands, else errno.
    int call() {
        fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int result = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
        return result == 0 ? 0 : errno;
    }
    sockaddr_in address{};
    girin::unique_fd fd;
};

}  // namespace

TEST_CASE("after close nobody new comes in, who was in the queue is still accepted, and then all are refused") {
    listeners open({.bind = {{"127.0.0.1", 0, {}}}});
    caller early(open);
    caller late(open);
    girin::unique_fd workers(::dup(open.fds().at(0)));
    early.call();
    pollfd connected{early.fd.get(), POLLOUT, 0};
    REQUIRE(::poll(&connected, 1, 10'000) == 1);

    open.close();
    CHECK(open.fds().empty());
    CHECK(late.call() == EINPROGRESS);
    const girin::unique_fd accepted(::accept(workers.get(), nullptr, nullptr));
    CHECK(accepted);
    CHECK(::accept(workers.get(), nullptr, nullptr) < 0);

    workers.reset();
    pollfd refused{late.fd.get(), POLLOUT, 0};
    REQUIRE(::poll(&refused, 1, 10'000) == 1);
    CHECK(option(late.fd.get(), SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
}

TEST_CASE("a TCP listener is non-blocking, closed on exec, reusable, and passes TCP_NODELAY on") {
    const listeners open({.bind = {{"127.0.0.1", 0, {}}}});
    REQUIRE(open.fds().size() == 1);
    const int fd = open.fds()[0];
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(::fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
    CHECK(option(fd, SOL_SOCKET, SO_REUSEADDR) == 1);
    CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
}

TEST_CASE("an address in use is tried five times and then refused by name") {
    const log_capture log;
    const listeners first({.bind = {{"127.0.0.1", 0, {}}}});
    const std::string address = first.describe().substr(std::strlen("http://"));
    const std::string complaint = "cannot listen on " + address + ": Address already in use";
    CHECK_THROWS_WITH_AS(listeners({.bind = {config::parse_bind(address).value()}}, 1ms), complaint.c_str(),
                         std::system_error);
    CHECK(log.count("[ERROR] Connection in use: " + address) == 4);
}

TEST_CASE("an address of another machine is refused at once") {
    const log_capture log;
    CHECK_THROWS_WITH_AS(listeners({.bind = {{"192.0.2.1", 0, {}}}}),
                         "cannot listen on 192.0.2.1:0: Cannot assign requested address", std::system_error);
    CHECK(log.text().empty());
}

TEST_CASE("a unix socket's file is removed at the end, but not one that another server made since") {
    const scratch_folder folder;
    const std::string path = folder.path("socket");
    {
        const listeners open({.bind = {{{}, 0, path}}});
    }
    CHECK_FALSE(std::filesystem::exists(path));
    {
        const listeners open({.bind = {{{}, 0, path}}});
        std::filesystem::remove(path);
        std::ofstream(path) << "another";
    }
    CHECK(read_file(path) == "another");
}

TEST_CASE("a unix socket gets the mode that the umask leaves, and without one that of the process") {
    const scratch_folder folder;
    const mode_t before = ::umask(0027);
    const listeners set({.bind = {{{}, 0, folder.path("set")}}, .umask = girin::config::file_mode(0117)});
    const listeners open({.bind = {{{}, 0, folder.path("open")}}, .umask = girin::config::file_mode(0)});
    const listeners unset({.bind = {{{}, 0, folder.path("unset")}}});
    CHECK(::umask(before) == 0027);
    CHECK(std::filesystem::status(folder.path("set")).permissions() == std::filesystem::perms{0660});
    CHECK(std::filesystem::status(folder.path("open")).permissions() == std::filesystem::perms{0777});
    CHECK(std::filesystem::status(folder.path("unset")).permissions() == std::filesystem::perms{0750});
}

TEST_CASE("a file that is no socket is never replaced") {
    const scratch_folder folder;
    const std::string path = folder.path("precious");
    std::ofstream(path) << "data";
    const std::string complaint = "cannot listen on unix:" + path + ": File exists";
    CHECK_THROWS_WITH_AS(listeners({.bind = {{{}, 0, path}}}), complaint.c_str(), std::system_error);
    CHECK(read_file(path) == "data");
}

TEST_CASE("a path too long for a unix socket is refused") {
    CHECK_THROWS_AS(listeners({.bind = {{{}, 0, std::string(200, 'x')}}}), std::system_error);
}

TEST_CASE("when one address fails, the others are closed again") {
    const scratch_folder folder;
    CHECK_THROWS(listeners({.bind = {{{}, 0, folder.path("socket")}, {"256.1.1.1", 0, {}}}}));
    CHECK_FALSE(std::filesystem::exists(folder.path("socket")));
}

TEST_CASE("an address of IPv6 takes IPv4's clients, unless one of IPv4 has the same port") {
    if (::access("/proc/net/if_inet6", F_OK) != 0) return;
    listeners alone({.bind = {{"::", 0, {}}}});
    CHECK(option(alone.fds()[0], IPPROTO_IPV6, IPV6_V6ONLY) == 0);
    const auto port = static_cast<std::uint16_t>(std::stoi(alone.describe().substr(alone.describe().rfind(':') + 1)));
    alone.close();
    const listeners both({.bind = {{"0.0.0.0", port, {}}, {"::", port, {}}}});
    CHECK(option(both.fds()[1], IPPROTO_IPV6, IPV6_V6ONLY) == 1);
}
