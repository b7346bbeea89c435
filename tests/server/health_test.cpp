// `girin health` against servers that answer as they please.
#include "server/health.hpp"

#include "aio/unique_fd.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>

using girin::check_health;
using girin::unique_fd;

namespace {

// Serves one client: reads its request and answers with these bytes, which may come slowly.
class one_answer {
 public:
    explicit one_answer(std::function<void(int client)> answer, int family = AF_INET)
        : listener_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_storage name = {};
        name.ss_family = static_cast<sa_family_t>(family);
        socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        if (family == AF_INET)
            reinterpret_cast<sockaddr_in&>(name).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        else
            reinterpret_cast<sockaddr_in6&>(name).sin6_addr = in6addr_loopback;
        REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), size) == 0);
        REQUIRE(::listen(listener_.get(), 1) == 0);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
        port = std::to_string(ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port));
        thread_ = std::thread([this, answer] {
            const unique_fd client(::accept(listener_.get(), nullptr, nullptr));
            char piece[4096];
            while (request.find("\r\n\r\n") == std::string::npos) {
                const ssize_t got = ::recv(client.get(), piece, sizeof piece, 0);
                if (got <= 0) return;
                request.append(piece, static_cast<std::size_t>(got));
            }
            answer(client.get());
        });
    }
    explicit one_answer(std::string text, int family = AF_INET)
        : one_answer([text](int client) { ::send(client, text.data(), text.size(), MSG_NOSIGNAL); }, family) {}
    ~one_answer() { end(); }

    void end() {
        if (thread_.joinable()) thread_.join();
    }

    std::string port;
    std::string request;  // after end()

 private:
    unique_fd listener_;
    std::thread thread_;
};

int health_of(const std::string& answer) {
    one_answer server(answer);
    return check_health("http://127.0.0.1:" + server.port + "/");
}

}  // namespace

TEST_CASE("a server is healthy with a status from 200 to 399") {
    for (const char* status : {"200 OK", "204 No Content", "302 Found", "399 x"})
        CHECK(health_of(std::string("HTTP/1.1 ") + status + "\r\n\r\n") == 0);
    CHECK(health_of("HTTP/1.0 200 OK\r\n\r\n") == 0);
    for (const char* status : {"100 Continue", "400 Bad Request", "404 Not Found", "500 x", "503 x"})
        CHECK(health_of(std::string("HTTP/1.1 ") + status + "\r\n\r\n") == 1);
}

TEST_CASE("a server that closes, or speaks something else, is not healthy") {
    CHECK(health_of("") == 1);
    CHECK(health_of("HTTP/1.1 2") == 1);
    CHECK(health_of("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") == 1);
    CHECK(health_of("HTTP/2.0 200 OK\r\n\r\n") == 1);
}

TEST_CASE("a server where nobody listens is not healthy") {
    std::string port;
    {
        one_answer server("HTTP/1.1 200 OK\r\n\r\n");
        port = server.port;
        CHECK(check_health("http://127.0.0.1:" + port + "/") == 0);
    }
    CHECK(check_health("http://127.0.0.1:" + port + "/") == 1);
}

TEST_CASE("a status line may come in pieces") {
    one_answer server([](int client) {
        for (const char byte : std::string("HTTP/1.1 200 OK\r\n")) ::send(client, &byte, 1, MSG_NOSIGNAL);
    });
    CHECK(check_health("http://127.0.0.1:" + server.port) == 0);
}

TEST_CASE("the request is a plain GET that names the host") {
    one_answer server("HTTP/1.1 200 OK\r\n\r\n");
    CHECK(check_health("http://127.0.0.1:" + server.port + "/up?deep=1") == 0);
    server.end();
    CHECK(server.request == "GET /up?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:" + server.port +
                                "\r\nUser-Agent: girin-health\r\nConnection: close\r\n\r\n");
}

TEST_CASE("an IPv6 address stands in brackets, in the URL and in the request") {
    one_answer server("HTTP/1.1 200 OK\r\n\r\n", AF_INET6);
    CHECK(check_health("http://[::1]:" + server.port + "/") == 0);
    server.end();
    CHECK(server.request.find("\r\nHost: [::1]:" + server.port + "\r\n") != std::string::npos);
}

TEST_CASE("what is not an http URL is not healthy") {
    for (const char* url : {"", "127.0.0.1:80", "https://127.0.0.1/", "http://", "http:///up", "http://no such host/"})
        CHECK(check_health(url) == 1);
}
