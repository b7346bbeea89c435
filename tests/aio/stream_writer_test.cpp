#include "tests/support/run_virtual.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/turns.hpp"

#include <girin/exceptions.hpp>
#include <girin/runner.hpp>
#include <girin/stream_writer.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <signal.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::io_turns;
using girin::test::local_pair;
using girin::test::outcome_of;
using girin::test::plain_socket;
using girin::test::run_virtual;
using girin::test::tcp_pair;
using girin::test::turn_watch;
using girin::test::until;

namespace {

const std::string much(4'000'000, 'x');

// Receives until it has so many bytes.
coro<std::string> receive(plain_socket& socket, std::size_t size) {
    std::string all;
    co_await until([&] { return (all += socket.receive()).size() >= size; });
    co_return all;
}

// What a pipe's writer is made of, and the end to read from.
struct pipe_ends {
    connection ours;
    int theirs;
};
pipe_ends pipe_pair() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
    auto transport = std::make_unique<detail::pipe_transport>(detail::descriptor(fds[1]));
    const detail::ref<detail::stream_core> core(new detail::stream_core(std::move(transport), 65'536, {}, {}));
    return {detail::handles_of(core), fds[0]};
}

}  // namespace

TEST_CASE("what is written is with the kernel at once if it takes it") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write("hello ");
        ours.writer.writelines(std::array<std::string_view, 2>{"wor", "ld"});
        ours.writer.write("");
        auto got = theirs.receive();
        CHECK(got == "hello world");
        turn_watch watch;
        co_await ours.writer.drain();
        CHECK_FALSE(watch.turned());
    });
}

TEST_CASE("what the kernel does not take follows in order, and drain waits for the low-water mark") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write(much);
        ours.writer.write("end");
        auto drained = create_task(ours.writer.drain());
        auto as_well = create_task(ours.writer.drain());
        co_await io_turns(5);
        CHECK_FALSE(drained.done());
        auto got = co_await receive(theirs, much.size() + 3);
        CHECK(got == much + "end");
        co_await drained;
        co_await as_well;
    });
}

TEST_CASE("drain waits only when more is kept than the high-water mark") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.set_write_buffer_limits(much.size(), 0);
        ours.writer.write(much);
        turn_watch watch;
        co_await ours.writer.drain();
        CHECK_FALSE(watch.turned());
        ours.writer.set_write_buffer_limits(0, 0);
        auto drained = create_task(ours.writer.drain());
        co_await io_turns(5);
        CHECK_FALSE(drained.done());
        ours.writer.set_write_buffer_limits(much.size(), much.size());
        co_await drained;
        CHECK_THROWS_AS(ours.writer.set_write_buffer_limits(1, 2), std::invalid_argument);
        auto got = co_await receive(theirs, much.size());
        CHECK(got == much);
    });
}

TEST_CASE("a cancelled drain loses nothing") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write(much);
        auto drained = create_task(ours.writer.drain());
        co_await io_turns(2);
        drained.cancel();
        auto outcome = co_await outcome_of(std::move(drained));
        CHECK(outcome == "cancelled");
        auto got = co_await receive(theirs, much.size());
        CHECK(got == much);
    });
}

TEST_CASE("a cancelled reader does not keep the writer from writing") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write(much);
        for (int i = 0; i < 3; ++i) {
            auto reads = create_task(ours.reader.read(1));
            co_await io_turns(2);
            reads.cancel();
            co_await outcome_of(std::move(reads));
        }
        auto got = co_await receive(theirs, much.size());
        CHECK(got == much);
    });
}

TEST_CASE("write_eof ends the output behind what was written, and reading goes on") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = tcp_pair();
        ours.writer.write(much);
        ours.writer.write_eof();
        ours.writer.write_eof();
        CHECK_THROWS_AS(ours.writer.write("x"), std::runtime_error);
        auto got = co_await receive(theirs, much.size());
        CHECK(got == much);
        co_await until([&] { return theirs.at_end(); });
        theirs.send("still");
        auto reply = co_await ours.reader.readexactly(5);
        CHECK(reply == "still");
        CHECK_FALSE(ours.writer.is_closing());
    });
}

TEST_CASE("close sends what was written first, and wait_closed waits for that") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write(much);
        ours.writer.close();
        ours.writer.close();
        CHECK(ours.writer.is_closing());
        ours.writer.write("too late");
        auto closed = create_task(ours.writer.wait_closed());
        co_await io_turns(5);
        CHECK_FALSE(closed.done());
        auto got = co_await receive(theirs, much.size());
        CHECK(got == much);
        co_await closed;
        CHECK(theirs.at_end());
    });
}

TEST_CASE("wait_closed does not close") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto closed = create_task(ours.writer.wait_closed());
        co_await io_turns(3);
        CHECK_FALSE(closed.done());
        ours.writer.close();
        co_await closed;
        co_await ours.writer.wait_closed();
    });
}

TEST_CASE("what was written is sent when the last handle is gone") {
    auto before = test::open_descriptors();
    run_virtual([]() -> coro<> {
        std::optional<test::stream_and_socket> pair(local_pair());
        auto theirs = std::move(pair->theirs);
        pair->ours.writer.write(much);
        pair.reset();
        auto got = co_await receive(theirs, much.size());
        CHECK(got == much);
        co_await until([&] { return theirs.at_end(); });
    });
    CHECK(test::open_descriptors() == before);
}

TEST_CASE("a closed stream whose peer takes nothing for 30 seconds is given up") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write(much);
        ours.writer.close();
        auto closed = create_task(outcome_of(ours.writer.wait_closed()));
        loop::running().advance(29s);
        co_await io_turns(3);
        auto some = theirs.receive();
        CHECK(some.size() > 0);
        co_await io_turns(3);
        loop::running().advance(29s);
        co_await io_turns(3);
        CHECK_FALSE(closed.done());
        loop::running().advance(1s);
        co_await io_turns(3);
        CHECK_FALSE(closed.done());
        loop::running().advance(30s);
        auto outcome = co_await closed;
        CHECK(outcome == "Connection timed out");
    });
}

TEST_CASE("a loop that is closed drops what has not been sent") {
    std::optional<test::stream_and_socket> pair;
    run_virtual([&]() -> coro<> {
        pair.emplace(local_pair());
        pair->ours.writer.write(much);
        local_pair().ours.writer.write(much);
        pair->ours.writer.close();
        co_return;
    });
    auto got = pair->theirs.receive();
    CHECK(got.size() < much.size());
    CHECK(pair->theirs.at_end());
}

TEST_CASE("abort drops what has not been sent, and who drains or waits goes on") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.write(much);
        auto drained = create_task(outcome_of(ours.writer.drain()));
        auto closed = create_task(outcome_of(ours.writer.wait_closed()));
        co_await io_turns(3);
        ours.writer.abort();
        auto drain = co_await drained;
        auto close = co_await closed;
        CHECK(drain == "done");
        CHECK(close == "done");
        auto got = theirs.receive();
        CHECK(got.size() < much.size());
        CHECK(theirs.at_end());
    });
}

TEST_CASE("drain raises once the connection is closed or lost") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        ours.writer.close();
        auto closed = co_await outcome_of(ours.writer.drain());
        CHECK(closed == "Connection reset by peer");
        auto [other, gone] = local_pair();
        gone.close();
        other.writer.write("x");
        CHECK(other.writer.is_closing());
        auto lost = co_await outcome_of(other.writer.drain());
        auto still = co_await outcome_of(other.writer.wait_closed());
        CHECK(lost == "Broken pipe");
        CHECK(still == "Broken pipe");
    });
}

TEST_CASE("a peer that leaves ends a drain") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = tcp_pair();
        ours.writer.write(much);
        auto drained = create_task(outcome_of(ours.writer.drain()));
        co_await io_turns(3);
        theirs.reset();
        auto outcome = co_await drained;
        // Broken pipe when it had read all there was: then its FIN came before its RST.
        CHECK((outcome == "Connection reset by peer" || outcome == "Broken pipe"));
    });
}

TEST_CASE("peername and sockname stay when the stream is closed") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = tcp_pair();
        ours.writer.close();
        CHECK(ours.writer.peername().host == "127.0.0.1");
        CHECK(ours.writer.peername().family == address_family::ipv4);
        CHECK(ours.writer.sockname().port != ours.writer.peername().port);
        auto [local, other] = local_pair();
        CHECK(local.writer.peername() == socket_address{.family = address_family::local});
        co_return;
    });
}

TEST_CASE("a pipe whose reader has gone is lost without a signal") {
    ::signal(SIGPIPE, SIG_DFL);
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = pipe_pair();
        ours.writer.write("x");
        char byte;
        REQUIRE(::read(theirs, &byte, 1) == 1);
        ::close(theirs);
        ours.writer.write("y");
        auto outcome = co_await outcome_of(ours.writer.drain());
        CHECK(outcome == "Broken pipe");
    });
}

TEST_CASE("write_eof closes a pipe behind what was written") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = pipe_pair();
        ours.writer.write(std::string(100'000, 'x'));
        ours.writer.write_eof();
        std::size_t got = 0;
        co_await until([&, fd = theirs] {
            char room[10'000];
            const ssize_t n = ::read(fd, room, sizeof room);
            if (n > 0) got += static_cast<std::size_t>(n);
            return n == 0;
        });
        CHECK(got == 100'000);
        co_await ours.writer.wait_closed();
        ::close(theirs);
    });
}
