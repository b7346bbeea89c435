// The connections of a worker without its process: a service on a loop of virtual time, and clients connected to it.
#pragma once

#include "server/worker/async_connection.hpp"
#include "server/worker/service.hpp"
#include "server/worker/thread_crew.hpp"
#include "tests/support/raw_client.hpp"

#include <girin/asgi.hpp>
#include <girin/runner.hpp>
#include <girin/try_finally.hpp>

#include <arpa/inet.h>
#include <fcntl.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace girin::test {

// Both ends of a TCP connection over the loopback interface, non-blocking: the server's, the client's.
inline std::array<int, 2> tcp_pair(sockaddr_storage* client_name = nullptr) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&name), size) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&name), size) == 0);
    socklen_t name_size = sizeof(sockaddr_storage);
    const int server = ::accept4(listener, reinterpret_cast<sockaddr*>(client_name), client_name ? &name_size : nullptr,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    REQUIRE(server >= 0);
    ::close(listener);
    const int yes = 1;
    for (int fd : {server, client}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const int flags = ::fcntl(client, F_GETFL);
    ::fcntl(client, F_SETFL, flags | O_NONBLOCK);
    return {server, client};
}

class test_server {
 public:
    test_server(application app, const worker::connection_options& options, const http1::limits& limits,
                std::size_t threads)
        : service(counted{std::move(app), calls_}, options, limits) {
        if (threads != 0) crew_ = std::make_unique<worker::thread_crew>(service, threads);
    }

    raw_client connect() {
        sockaddr_storage from = {};
        const auto [server, client] = tcp_pair(&from);
        serve(server, worker::peer_name(from));
        return raw_client(client);
    }
    // A client that sees where one write ends and the next begins: each is one piece.
    raw_client connect_by_packets() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        serve(ends[0], worker::peer_name());
        return raw_client(ends[1]);
    }
    // A client of whose response the kernel takes little at a time.
    raw_client connect_narrow() {
        const auto [server, client] = tcp_pair();
        const int small = 32'768;
        ::setsockopt(server, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        ::setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        serve(server, worker::peer_name());
        return raw_client(client);
    }
    // The same without a network: what the kernel takes it takes at once, so that no acknowledgement that comes late
    // lets a write go on.
    raw_client connect_narrow_locally() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        const int small = 32'768;
        ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        serve(ends[0], worker::peer_name());
        return raw_client(ends[1]);
    }

    void advance(std::chrono::milliseconds time) { loop::running().advance(time); }
    coro<> advance_and_settle(std::chrono::milliseconds time) {
        co_await settle();
        advance(time);
        co_await settle();
    }
    // Lets time pass in such steps until the server has ended the client's connection.
    coro<> pass_time_until_end(raw_client& client, std::chrono::milliseconds step) {
        auto ended = [&] {
            client.look();
            if (!client.ended()) advance(step);
            return client.ended();
        };
        co_await until(ended, "the connection ends");
    }
    // Waits until the application has been called so often, and has run up to its first suspension.
    coro<> begun(int calls) {
        co_await until([this, calls] { return calls_ >= calls; }, "the application is called");
    }
    coro<> gone() {
        co_await until([this] { return service.connections() == 0; }, "no connection is left");
    }
    coro<> stop() {
        service.abort();
        co_await gone();
    }

    const address local{"127.0.0.1", 8000};
    worker::service service;

 private:
    struct counted {
        application app;
        int& calls;

        GIRIN_CORO_WRAPPER coro<> operator()(const scope& s, receiver& receive, sender& send) const {
            ++calls;
            return app(s, receive, send);
        }
    };
    void serve(int socket, const worker::peer_name& client) {
        if (crew_)
            crew_->serve(unique_fd(socket), client, local);
        else
            worker::async_connection::serve(service, girin::detail::descriptor(socket), client, local);
    }

    int calls_ = 0;
    std::unique_ptr<worker::thread_crew> crew_;
};

struct server_setup {
    worker::connection_options options = {};
    http1::limits limits = {};
};

// How many threads the servers of this test have for their connections; none: the loop serves them.
inline std::size_t connection_threads = 0;

struct with_threads {
    explicit with_threads(std::size_t count) { connection_threads = count; }
    ~with_threads() { connection_threads = 0; }
};

// A test case for each kind of connection. The time that threads wait is real.
#define CONNECTION_TEST_CASE(sentence) CONNECTION_TEST_CASES(sentence, DOCTEST_ANONYMOUS(connection_test_))
#define CONNECTION_TEST_CASES(sentence, function)      \
    static void function();                            \
    TEST_CASE(sentence) {                              \
        function();                                    \
    }                                                  \
    TEST_CASE(sentence ", in threads") {               \
        const girin::test::with_threads in_threads(8); \
        function();                                    \
    }                                                  \
    static void function()

// Runs body(test_server&) on a loop of virtual time, and ends the server after it.
template <class Body>
void with_server(application app, Body body, server_setup setup = {}) {
    auto serve = [&]() -> coro<> {
        test_server server(app, setup.options, setup.limits, connection_threads);
        co_await try_finally([&]() -> coro<> { co_await body(server); }, [&]() -> coro<> { co_await server.stop(); });
    };
    run(serve(), {.virtual_time = true});
}

// An application that answers every request with 200 and this text.
inline application answers(std::string text) {
    return [text](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body(text));
    };
}
// One that answers with the path.
inline application tells_path() {
    return [](const scope& s, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body(s.path));
    };
}

inline std::string get(const std::string& path, const std::string& fields = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body, const std::string& fields = "") {
    return "POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           fields + "\r\n" + body;
}

}  // namespace girin::test
