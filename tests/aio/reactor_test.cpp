#include "aio/reactor.hpp"

#include "aio/io_wait.hpp"
#include "aio/loop_core.hpp"
#include "tests/support/reactor.hpp"

#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::detail::descriptor;
using girin::detail::io_attempt;
using girin::detail::io_op;
using girin::detail::io_wait;
using girin::test::run_here;
using girin::test::socket_pair;

namespace {

// Reads up to a buffer's size, and calls back.
struct reading final : io_op {
    explicit reading(int f) : fd(f) {}
    io_attempt attempt() noexcept override {
        got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EAGAIN) return io_attempt::again;
        return got == static_cast<ssize_t>(sizeof buffer) ? io_attempt::done : io_attempt::exhausted;
    }
    void complete(std::error_code e) override {
        ++completions;
        error = e;
        if (then) then();
    }

    int fd;
    ssize_t got = -1;
    char buffer[4];
    int completions = 0;
    std::error_code error;
    std::function<void()> then;
};

// Writes all of a text.
struct writing final : io_op {
    writing(int f, std::string t) : fd(f), text(std::move(t)) {}
    io_attempt attempt() noexcept override {
        while (!text.empty()) {
            ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) return io_attempt::again;
            if (sent < 0) break;
            text.erase(0, static_cast<std::size_t>(sent));
        }
        return io_attempt::done;
    }
    void complete(std::error_code e) override {
        completed = true;
        error = e;
    }

    int fd;
    std::string text;
    bool completed = false;
    std::error_code error;
};

template <class Condition>
coro<> until(Condition condition) {
    for (auto deadline = loop::running().time() + 10s; !condition() && loop::running().time() < deadline;)
        co_await sleep(100us);
    CHECK(condition());
}

}  // namespace

TEST_CASE("a read waits for data, completes after start, and can be started again") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        for (int round = 1; round <= 3; ++round) {
            a.start_read(r);
            CHECK(r.armed());
            CHECK(r.completions == round - 1);
            co_await sleep(1ms);
            CHECK(r.armed());
            REQUIRE(::write(b.fd(), "ab", 2) == 2);
            co_await until([&] { return r.completions == round; });
            CHECK_FALSE(r.armed());
            CHECK(r.got == 2);
            CHECK_FALSE(r.error);
        }
    });
}

TEST_CASE("a read that succeeds at once completes later, never inside start_read") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        REQUIRE(::write(b.fd(), "abcdefgh", 8) == 8);
        reading r(a.fd());
        a.start_read(r);
        CHECK(r.completions == 0);
        co_await until([&] { return r.completions == 1; });
        a.start_read(r);
        CHECK(r.completions == 1);
        co_await until([&] { return r.completions == 2; });
        CHECK(r.got == 4);
    });
}

TEST_CASE("data that comes after an exhausted read is a new edge") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        for (int i = 1; i <= 100; ++i) {
            if (i % 2) REQUIRE(::write(b.fd(), "x", 1) == 1);
            a.start_read(r);
            if (!(i % 2)) REQUIRE(::write(b.fd(), "x", 1) == 1);
            co_await until([&] { return r.completions == i; });
            CHECK(r.got == 1);
        }
    });
}

TEST_CASE("the end of the stream completes a read with nothing") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]);
        reading r(a.fd());
        a.start_read(r);
        ::close(pair.fds[1]);
        co_await until([&] { return r.completions == 1; });
        CHECK(r.got == 0);
    });
}

TEST_CASE("a write waits until the reader makes room") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        writing w(a.fd(), std::string(4 << 20, 'x'));
        a.start_write(w);
        co_await sleep(1ms);
        CHECK(w.armed());
        std::size_t received = 0;
        std::vector<char> buffer(65'536);
        while (received < 4 << 20) {
            co_await io_wait(b, [&] {
                ssize_t got = ::read(b.fd(), buffer.data(), buffer.size());
                if (got > 0) received += static_cast<std::size_t>(got);
                return got > 0;
            });
        }
        co_await until([&] { return w.completed; });
        CHECK(received == 4 << 20);
    });
}

TEST_CASE("cancel completes what is armed with operation_canceled, later") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        a.cancel();
        a.start_read(r);
        a.cancel();
        a.cancel();
        CHECK(r.completions == 0);
        co_await until([&] { return r.completions == 1; });
        CHECK(r.error == std::errc::operation_canceled);
        a.start_read(r);
        REQUIRE(::write(b.fd(), "x", 1) == 1);
        co_await until([&] { return r.completions == 2; });
        CHECK_FALSE(r.error);
    });
}

TEST_CASE("close completes what is armed, and the descriptor is closed at once") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        writing w(a.fd(), std::string(4 << 20, 'x'));
        a.start_read(r);
        a.start_write(w);
        int fd = a.fd();
        a.close();
        CHECK_FALSE(a);
        CHECK(::fcntl(fd, F_GETFD) == -1);
        CHECK(r.completions == 0);
        co_await until([&] { return r.completions == 1 && w.completed; });
        CHECK(r.error == std::errc::operation_canceled);
        CHECK(w.error == std::errc::operation_canceled);
        a.close();
        a.cancel();
    });
}

TEST_CASE("an operation on a closed descriptor fails") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        a.close();
        a.start_read(r);
        co_await until([&] { return r.completions == 1; });
        CHECK(r.error == std::errc::bad_file_descriptor);
        CHECK_THROWS_AS(co_await io_wait(a, [] { return true; }), std::system_error);
    });
}

TEST_CASE("a descriptor moves with what is armed on it") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        a.start_read(r);
        descriptor moved(std::move(a));
        CHECK_FALSE(a);
        a = std::move(moved);
        CHECK(a);
        REQUIRE(::write(b.fd(), "x", 1) == 1);
        co_await until([&] { return r.completions == 1; });
    });
}

TEST_CASE("a descriptor that cannot be watched is closed") {
    run_here([]() -> coro<> {
        CHECK_THROWS_AS(descriptor(1'000'000), std::system_error);
        co_return;
    });
    socket_pair pair;
    CHECK_THROWS_AS(descriptor(pair.fds[0]), std::runtime_error);
    CHECK(::fcntl(pair.fds[0], F_GETFD) == -1);
    ::close(pair.fds[1]);
}

TEST_CASE("an operation may be destroyed while it is armed, or while its completion is on its way") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        std::size_t awaited = detail::loop_core::running().io.awaited();
        {
            reading waiting(a.fd());
            a.start_read(waiting);
            CHECK(detail::loop_core::running().io.awaited() == awaited + 1);
        }
        REQUIRE(::write(b.fd(), "x", 1) == 1);
        {
            reading completing(a.fd());
            a.start_read(completing);
        }
        {
            reading cancelled(a.fd());
            a.start_read(cancelled);
            a.cancel();
        }
        CHECK(detail::loop_core::running().io.awaited() == awaited);
        co_await sleep(1ms);
        REQUIRE(::write(b.fd(), "y", 1) == 1);
        reading r(a.fd());
        a.start_read(r);
        co_await until([&] { return r.completions == 1; });
        CHECK(detail::loop_core::running().io.awaited() == awaited);
    });
}

TEST_CASE("an operation that is always ready starves neither timers nor tasks") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        struct always final : io_op {
            explicit always(descriptor& d) : on(d) {}
            io_attempt attempt() noexcept override { return io_attempt::done; }
            void complete(std::error_code error) override {
                ++completions;
                if (!error && !stop) on.start_read(*this);
            }
            descriptor& on;
            int completions = 0;
            bool stop = false;
        } op(a);
        a.start_read(op);
        bool fired = false;
        loop::running().call_later(1ms, [&] { fired = true; });
        co_await until([&] { return fired && op.completions > 1000; });
        int before = op.completions;
        for (int i = 0; i < 10; ++i) co_await sleep(0s);
        CHECK(op.completions - before < 100'000);
        op.stop = true;
        co_await until([&] { return !op.armed(); });
    });
}

TEST_CASE("callbacks that never end starve no operation") {
    run_here([]() -> coro<> {
        socket_pair pair;
        descriptor a(pair.fds[0]), b(pair.fds[1]);
        reading r(a.fd());
        a.start_read(r);
        co_await sleep(1ms);
        REQUIRE(::write(b.fd(), "x", 1) == 1);
        int turns = 0;
        while (r.completions == 0 && turns < 10'000) {
            co_await sleep(0s);
            ++turns;
        }
        CHECK(turns <= 65);
    });
}

TEST_CASE("an exception from a completion is reported, and those that are ready with it complete all the same") {
    run_here([]() -> coro<> {
        std::vector<std::string> reported;
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        socket_pair pairs[3];
        std::vector<std::unique_ptr<descriptor>> ends;
        std::vector<std::unique_ptr<reading>> reads;
        for (socket_pair& pair : pairs) {
            ends.push_back(std::make_unique<descriptor>(pair.fds[0]));
            reads.push_back(std::make_unique<reading>(pair.fds[0]));
            reads.back()->then = [] { throw std::domain_error("x"); };
            ends.back()->start_read(*reads.back());
        }
        co_await sleep(1ms);
        for (socket_pair& pair : pairs) REQUIRE(::write(pair.fds[1], "x", 1) == 1);
        for (auto& r : reads) co_await until([&] { return r->completions == 1; });
        CHECK(reported == std::vector<std::string>(3, "Exception in callback"));
        loop::running().set_exception_handler(nullptr);
        for (socket_pair& pair : pairs) ::close(pair.fds[1]);
    });
}

TEST_CASE("what is started or cancelled while the loop stands still completes when it goes on") {
    loop l;
    socket_pair pair;
    std::optional<descriptor> a;
    reading r(pair.fds[0]);
    auto wait = [&](int completions) -> coro<> { co_await until([&] { return r.completions == completions; }); };
    auto open = [&]() -> coro<> {
        a.emplace(pair.fds[0]);
        a->start_read(r);
        co_return;
    };
    l.run_until_complete(open());
    a->cancel();
    CHECK(r.completions == 0);
    l.run_until_complete(wait(1));
    REQUIRE(::write(pair.fds[1], "x", 1) == 1);
    a->start_read(r);
    CHECK(r.completions == 1);
    l.run_until_complete(wait(2));
    CHECK(r.got == 1);
    a->start_read(r);
    a->close();
    l.run_until_complete(wait(3));
    CHECK(r.error == std::errc::operation_canceled);
    ::close(pair.fds[1]);
}

TEST_CASE("an event of the turn that stops the loop is not delivered again when it goes on") {
    loop l;
    socket_pair pair;
    std::optional<descriptor> a;
    reading r(pair.fds[0]);
    r.then = [&] { l.stop(); };
    l.call_soon([&] {
        a.emplace(pair.fds[0]);
        a->start_read(r);
        REQUIRE(::write(pair.fds[1], "x", 1) == 1);
    });
    l.run_forever();
    CHECK(r.completions == 1);
    for (int i = 0; i < 3; ++i) {
        l.stop();
        l.run_forever();
    }
    CHECK(r.completions == 1);
    a.reset();
    ::close(pair.fds[1]);
}

TEST_CASE("a loop can be closed with armed descriptors, in frames and outside") {
    socket_pair pair, other;
    std::optional<reading> outside;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        std::optional<descriptor> b;
        l.call_soon([&] {
            create_task([&]() -> coro<> {
                descriptor a(pair.fds[0]);
                reading r(a.fd());
                a.start_read(r);
                co_await io_wait(a, [] { return false; });
            });
            b.emplace(other.fds[0]);
            outside.emplace(other.fds[0]);
            b->start_read(*outside);
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
        REQUIRE(::write(pair.fds[1], "x", 1) == 1);
        l.close();
        b.reset();
    }
    CHECK(outside->completions == 0);
    outside.reset();
    ::close(pair.fds[1]);
    ::close(other.fds[1]);
}

TEST_CASE("1.09 a loop waits for a timer however far away it is, and neither spins nor comes early") {
    loop l;
    bool fired = false;
    l.call_at(loop::time_point::max(), [&] { fired = true; });
    l.call_later(std::chrono::hours(1'000'000), [&] { fired = true; });
    l.call_later(25h, [&] { fired = true; });
    std::jthread waker([&] {
        std::this_thread::sleep_for(30ms);  // in which one that spins turns more often than it may
        l.call_soon_threadsafe([&] { l.stop(); });
    });
    const auto turns_before = l.figures().turns;
    l.run_forever();
    CHECK_FALSE(fired);
    CHECK(l.figures().turns - turns_before < 10);
}
