// Taking clients from a listener that workers share.
#include "server/worker/acceptor.hpp"

#include "server/supervision/memory_file.hpp"
#include "server/supervision/scoreboard_writer.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_server.hpp"

#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/un.h>

#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace girin;
using namespace girin::test;
using namespace girin::supervision;

namespace {

struct listener {
    listener() {
        fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof name;
        REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&name), size) == 0);
        REQUIRE(::listen(fd, 64) == 0);
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    }
    unique_fd connect() const {
        unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
        return client;
    }
    int fd;
    sockaddr_in name = {};
};

// An acceptor, and the worker that it takes clients for.
struct taking {
    listener listening;
    worker::service service{answers("x"), {}, {}};
    roster peers;
    std::vector<std::string> ends;
    std::exception_ptr failure;  // of the worker, when it is to serve a client
    int failures = 0;

    void serve(unique_fd socket, const worker::peer_name& client, const address& local) {
        if (failure) {
            ++failures;
            std::rethrow_exception(failure);
        }
        const std::string from = client.view() ? std::string(client.view()->host) : "nowhere";
        ends.push_back(from + " " + std::string(local.host) + (local.port ? " " + std::to_string(*local.port) : ""));
        worker::async_connection::serve(service, girin::detail::descriptor(socket.release()), client, local);
    }
};

// Runs body() while an acceptor runs, and ends both.
template <class Body>
void with_acceptor(taking& t, Body body, std::size_t most = 1'000) {
    auto main = [&]() -> coro<> {
        worker::acceptor acceptor(
            t.service, t.peers, most,
            [&](auto socket, auto& client, auto& local) { t.serve(std::move(socket), client, local); }, t.listening.fd);
        task<> running = create_task(acceptor.run());
        auto end = [&]() -> coro<> {
            running.cancel();
            co_await gather(return_exceptions, running);
            t.service.abort();
            co_await until([&] { return t.service.connections() == 0; });
        };
        co_await try_finally([&]() -> coro<> { co_await body(acceptor); }, end);
    };
    run(main(), {.virtual_time = true});
}

// A peer's scoreboard with so many connections.
struct peer {
    explicit peer(int connections, worker_state state = worker_state::ready)
        : memory(create_memory_file("peer", scoreboard_file_bytes)), board(memory.get(), 1, 1) {
        board.set_state(state);
        board.beat(time_point(std::chrono::hours(1)));
        for (int i = 0; i < connections; ++i) board.connection_opened();
    }
    void join(roster& r) { r.apply(message::peer_joined(4711, reopen_read_only(memory.get()))); }
    unique_fd memory;
    scoreboard_writer board;
};

}  // namespace

TEST_CASE("every client that connects is taken, with the names of both ends") {
    taking t;
    with_acceptor(t, [&](worker::acceptor&) -> coro<> {
        std::vector<unique_fd> clients;
        for (int i = 0; i < 20; ++i) clients.push_back(t.listening.connect());
        co_await until([&] { return t.service.connections() == 20; });
        clients.push_back(t.listening.connect());
        co_await until([&] { return t.service.connections() == 21; });
        CHECK(t.ends.back() == "127.0.0.1 127.0.0.1 " + std::to_string(ntohs(t.listening.name.sin_port)));
    });
}

TEST_CASE("a client of a unix socket has no name, and the socket its path") {
    taking t;
    scratch_folder folder;
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    folder.path("socket").copy(name.sun_path, sizeof name.sun_path - 1);
    ::close(t.listening.fd);
    t.listening.fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(::bind(t.listening.fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(::listen(t.listening.fd, 8) == 0);
    with_acceptor(t, [&](worker::acceptor&) -> coro<> {
        const unique_fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
        co_await until([&] { return t.service.connections() == 1; });
        CHECK(t.ends.back() == "nowhere " + folder.path("socket"));
    });
}

TEST_CASE("no more clients are taken than may be open, and the next ones when some have left") {
    taking t;
    peer self(0);
    t.service.scoreboard = &self.board;
    const scoreboard_reader own(self.memory.get());
    with_acceptor(
        t,
        [&](worker::acceptor&) -> coro<> {
            std::vector<unique_fd> clients;
            for (int i = 0; i < 5; ++i) clients.push_back(t.listening.connect());
            co_await until([&] { return t.service.connections() == 3; });
            for (int i = 0; i < 10; ++i) {
                loop::running().advance(std::chrono::milliseconds(1));
                co_await settle();
            }
            CHECK(t.service.connections() == 3);
            co_await until([&] { return own.state() == worker_state::full; });
            clients[0].reset();
            co_await until([&] { return t.service.connections() == 2; });
            loop::running().advance(std::chrono::milliseconds(1));
            co_await until([&] { return t.service.connections() == 3; });
        },
        3);
}

TEST_CASE("a worker with more connections than its emptiest peer leaves clients to that") {
    taking t;
    peer other(2);
    other.join(t.peers);
    with_acceptor(t, [&](worker::acceptor&) -> coro<> {
        std::vector<unique_fd> clients;
        for (int i = 0; i < 10; ++i) clients.push_back(t.listening.connect());
        co_await until([&] { return t.service.connections() == 3; });
        loop::running().advance(std::chrono::milliseconds(1));
        co_await settle();
        CHECK(t.service.connections() == 3);
        other.board.connection_opened();
        loop::running().advance(std::chrono::milliseconds(1));
        co_await until([&] { return t.service.connections() == 4; });
        other.board.set_state(worker_state::draining);
        loop::running().advance(std::chrono::milliseconds(1));
        co_await until([&] { return t.service.connections() == 10; });
    });
}

TEST_CASE("an acceptor that finishes takes who waits, within its bounds, and returns when nobody does") {
    taking t;
    with_acceptor(
        t,
        [&](worker::acceptor& acceptor) -> coro<> {
            std::vector<unique_fd> clients;
            for (int i = 0; i < 5; ++i) clients.push_back(t.listening.connect());
            co_await until([&] { return t.service.connections() == 2; });
            task<> finishing = create_task(acceptor.finish(100));
            for (std::size_t left = 0; left < 3; ++left) {
                co_await settle();
                CHECK(t.service.connections() == 2);
                CHECK_FALSE(finishing.done());
                clients[left].reset();
                co_await until([&] { return t.service.connections() == 1; });
                loop::running().advance(std::chrono::milliseconds(1));
                co_await until([&] { return t.service.connections() == 2; });
            }
            co_await finishing;
            CHECK(t.ends.size() == 5);
        },
        2);
}

TEST_CASE("an acceptor that finishes takes no more than may have waited before") {
    taking t;
    with_acceptor(t, [&](worker::acceptor& acceptor) -> coro<> {
        std::vector<unique_fd> clients;
        for (int i = 0; i < 5; ++i) clients.push_back(t.listening.connect());
        co_await acceptor.finish(3);
        CHECK(t.service.connections() == 3);
    });
}

// UBSan opens a pipe to look at an object, and finds faults with every one while that fails.
#if defined(__has_feature)
constexpr bool needs_descriptors = __has_feature(undefined_behavior_sanitizer);
#else
constexpr bool needs_descriptors = false;
#endif

TEST_CASE("without descriptors clients wait, and are taken when there are some again" *
          doctest::skip(needs_descriptors)) {
    log_capture log;
    taking t;
    with_acceptor(t, [&](worker::acceptor&) -> coro<> {
        std::vector<unique_fd> clients;
        for (int i = 0; i < 3; ++i) clients.push_back(t.listening.connect());
        rlimit before = {};
        ::getrlimit(RLIMIT_NOFILE, &before);
        const rlimit none = {static_cast<rlim_t>(clients.back().get() + 1), before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        co_await settle();
        const bool waits = t.service.connections() == 0;
        ::setrlimit(RLIMIT_NOFILE, &before);
        CHECK(waits);
        loop::running().advance(std::chrono::milliseconds(100));
        co_await until([&] { return t.service.connections() == 3; });
    });
    CHECK(log.count("Cannot accept a connection: Too many open files") == 1);
}

TEST_CASE("a listener that fails is one line in the log, and looked at ten times a second") {
    log_capture log;
    taking t;
    with_acceptor(t, [&](worker::acceptor&) -> coro<> {
        ::shutdown(t.listening.fd, SHUT_RDWR);
        for (int i = 0; i < 3; ++i) {
            co_await settle();
            loop::running().advance(std::chrono::milliseconds(100));
        }
    });
    CHECK(log.count("Cannot accept a connection: Invalid argument\n") == 1);
}

TEST_CASE("clients that cannot be served are one line in the log, and do not stop the acceptor") {
    log_capture log;
    taking t;
    std::string reason;
    SUBCASE("the kernel refuses") {
        t.failure = std::make_exception_ptr(std::system_error(std::make_error_code(std::errc::no_space_on_device)));
        reason = "No space left on device";
    }
    SUBCASE("no memory is left") {
        t.failure = std::make_exception_ptr(std::bad_alloc());
        reason = "std::bad_alloc";
    }
    with_acceptor(t, [&](worker::acceptor&) -> coro<> {
        std::vector<unique_fd> clients;
        for (int failures = 1; failures <= 3; ++failures) {
            clients.push_back(t.listening.connect());
            loop::running().advance(std::chrono::milliseconds(100));
            co_await until([&] { return t.failures == failures; });
        }
        CHECK(log.count("Cannot accept a connection: " + reason + "\n") == 1);
        const std::exception_ptr failure = std::exchange(t.failure, nullptr);
        clients.push_back(t.listening.connect());
        loop::running().advance(std::chrono::milliseconds(100));
        co_await until([&] { return t.service.connections() == 1; });
        t.failure = failure;
        clients.push_back(t.listening.connect());
        co_await until([&] { return t.failures == 4; });
    });
    CHECK(log.count("Cannot accept a connection: " + reason + "\n") == 2);
}
