#include "tests/support/run_virtual.hpp"
#include "tests/support/streams.hpp"

#include <girin/exceptions.hpp>
#include <girin/runner.hpp>
#include <girin/stream_reader.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace girin;
using girin::test::io_turns;
using girin::test::local_pair;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::tcp_pair;
using girin::test::until;

TEST_CASE("read returns what is there, at most n bytes, and nothing at the end") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        theirs.send("hello");
        auto none = co_await ours.reader.read(0);
        CHECK(none == "");
        auto some = co_await ours.reader.read(2);
        CHECK(some == "he");
        auto rest = co_await ours.reader.read(100);
        CHECK(rest == "llo");
        auto waits = create_task(ours.reader.read(100));
        co_await io_turns(5);
        CHECK_FALSE(waits.done());
        theirs.send("!");
        auto later = co_await waits;
        CHECK(later == "!");
        theirs.close();
        auto end = co_await ours.reader.read(1);
        auto again = co_await ours.reader.read(1);
        CHECK(end == "");
        CHECK(again == "");
    });
}

TEST_CASE("read without a number returns everything up to the end") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair(10);
        auto all = create_task(ours.reader.read());
        std::string sent;
        for (int i = 0; i < 20; ++i) {
            sent += std::string(1000, static_cast<char>('a' + i));
            theirs.send(std::string_view(sent).substr(sent.size() - 1000));
            co_await io_turns(2);
        }
        CHECK_FALSE(all.done());
        theirs.close();
        auto got = co_await all;
        CHECK(got == sent);
        auto end = co_await ours.reader.read();
        CHECK(end == "");
    });
}

TEST_CASE("a stream is at_eof when its end has come in and all was taken") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        CHECK_FALSE(ours.reader.at_eof());
        theirs.send("ab");
        theirs.close();
        auto a = co_await ours.reader.readuntil("a");
        CHECK(a == "a");
        CHECK_THROWS_AS(co_await ours.reader.readexactly(2), incomplete_read_error);
        CHECK(ours.reader.at_eof());
    });
}

TEST_CASE("readexactly waits for all of it, and at the end gives what there was") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair(4);
        auto five = create_task(ours.reader.readexactly(5));
        theirs.send("123");
        co_await io_turns(5);
        CHECK_FALSE(five.done());
        theirs.send("456");
        auto got = co_await five;
        CHECK(got == "12345");
        auto none = co_await ours.reader.readexactly(0);
        CHECK(none == "");
        theirs.close();
        std::string partial, message;
        std::optional<std::size_t> expected;
        try {
            co_await ours.reader.readexactly(3);
        } catch (const incomplete_read_error& e) {
            partial = e.partial();
            expected = e.expected();
            message = e.what();
        }
        CHECK(partial == "6");
        CHECK(expected == 3);
        CHECK(message == "1 bytes read on a total of 3 expected bytes");
        auto nothing_left = co_await ours.reader.read(1);
        CHECK(nothing_left == "");
    });
}

TEST_CASE("readuntil finds a separator that comes in pieces") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto until_end = create_task(ours.reader.readuntil("--end--"));
        for (char c : std::string("--e--end-")) {
            theirs.send({&c, 1});
            co_await io_turns(3);
        }
        CHECK_FALSE(until_end.done());
        theirs.send("-rest");
        auto got = co_await until_end;
        CHECK(got == "--e--end--");
        auto rest = co_await ours.reader.read(10);
        CHECK(rest == "rest");
    });
}

TEST_CASE("readuntil takes the separator that ends first") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        theirs.send("a\r\nb\nc\r\nd");
        auto a = co_await ours.reader.readuntil({"\r\n", "\n"});
        auto b = co_await ours.reader.readuntil({"\n", "\r\n"});
        auto c = co_await ours.reader.readuntil({"\r", "\r\n"});
        CHECK(a == "a\r\n");
        CHECK(b == "b\n");
        CHECK(c == "c\r");
        auto no_separator = co_await outcome_of(ours.reader.readuntil(""));
        auto none_at_all = co_await outcome_of(ours.reader.readuntil(std::initializer_list<std::string_view>()));
        CHECK(no_separator == "a separator has at least one byte");
        CHECK(none_at_all == "a separator has at least one byte");
    });
}

TEST_CASE("readuntil at the end of the stream takes what there was") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        theirs.send("no line");
        theirs.close();
        std::string partial, message;
        try {
            co_await ours.reader.readuntil();
        } catch (const incomplete_read_error& e) {
            partial = e.partial();
            message = e.what();
            CHECK_FALSE(e.expected());
        }
        CHECK(partial == "no line");
        CHECK(message == "7 bytes read on a total of undefined expected bytes");
        CHECK(ours.reader.at_eof());
    });
}

namespace {

// What it raised, and how much was consumed.
coro<std::string> overrun_of(coro<std::string> read) {
    try {
        co_return co_await std::move(read);
    } catch (const limit_overrun_error& e) {
        co_return e.what() + (" " + std::to_string(e.consumed()));
    }
}

}  // namespace

TEST_CASE("the limit counts the bytes before a separator, and what is over it stays in the stream") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair(8);
        theirs.send("12345678\n123456789\n");
        auto fits = co_await overrun_of(ours.reader.readuntil());
        auto found = co_await overrun_of(ours.reader.readuntil());
        auto kept = co_await ours.reader.readexactly(10);
        CHECK(fits == "12345678\n");
        CHECK(found == "Separator is found, but chunk is longer than limit 9");
        CHECK(kept == "123456789\n");
        theirs.send("12345678");
        auto waits = create_task(overrun_of(ours.reader.readuntil()));
        co_await io_turns(5);
        CHECK_FALSE(waits.done());
        theirs.send("90");
        auto not_found = co_await waits;
        auto longer_separator = co_await overrun_of(ours.reader.readuntil("\r\n"));
        CHECK(not_found == "Separator is not found, and chunk exceed the limit 10");
        CHECK(longer_separator == "Separator is not found, and chunk exceed the limit 9");
    });
}

TEST_CASE("readline returns lines, the last one without an end, and then nothing") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        theirs.send("one\n\nthree");
        theirs.close();
        for (const char* expected : {"one\n", "\n", "three", "", ""}) {
            auto line = co_await ours.reader.readline();
            CHECK(line == expected);
        }
    });
}

TEST_CASE("readline drops a line that is too long, or what there is of it") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair(8);
        theirs.send("123456789\nabc\n");
        auto found = co_await overrun_of(ours.reader.readline());
        auto next = co_await ours.reader.readline();
        CHECK(found == "Separator is found, but chunk is longer than limit 9");
        CHECK(next == "abc\n");
        theirs.send("123456789");
        auto not_found = co_await overrun_of(ours.reader.readline());
        CHECK(not_found == "Separator is not found, and chunk exceed the limit 9");
        theirs.send("rest\n");
        auto rest = co_await ours.reader.readline();
        CHECK(rest == "rest\n");
    });
}

TEST_CASE("next goes through the lines of a stream and ends with it") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        theirs.send("a\n\nb");
        theirs.close();
        std::string seen;
        while (auto line = co_await ours.reader.next()) seen += "[" + *line + "]";
        CHECK(seen == "[a\n][\n][b]");
    });
}

TEST_CASE("a second task that would have to wait for the same stream is refused") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto first = create_task(ours.reader.read(1));
        co_await io_turns(1);
        auto second = co_await outcome_of(ours.reader.readline());
        CHECK(second == "another task is already waiting for incoming data");
        theirs.send("x");
        auto got = co_await first;
        CHECK(got == "x");
    });
}

TEST_CASE("a cancelled read has taken nothing") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto exactly = create_task(ours.reader.readexactly(10));
        theirs.send("12345");
        co_await io_turns(5);
        exactly.cancel();
        auto outcome = co_await outcome_of(std::move(exactly));
        CHECK(outcome == "cancelled");
        auto all = create_task(ours.reader.read());
        theirs.send("67");
        co_await io_turns(5);
        all.cancel();
        outcome = co_await outcome_of(std::move(all));
        CHECK(outcome == "cancelled");
        theirs.send("8\n");
        auto line = co_await ours.reader.readline();
        CHECK(line == "12345678\n");
    });
}

TEST_CASE("a reader may be dropped while its read waits") {
    run_virtual([]() -> coro<> {
        std::optional<test::stream_and_socket> pair(local_pair());
        auto theirs = std::move(pair->theirs);
        auto waits = create_task(pair->ours.reader.read(1));
        pair.reset();
        co_await io_turns(3);
        theirs.send("x");
        auto got = co_await waits;
        CHECK(got == "x");
        co_await until([&] { return theirs.at_end(); });
    });
}

TEST_CASE("what came before a reset can be read, and then every read raises the error") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = tcp_pair();
        theirs.send("abc");
        auto a = co_await ours.reader.read(1);
        CHECK(a == "a");
        theirs.reset();
        auto line = co_await outcome_of(ours.reader.readline());
        CHECK(line == "Connection reset by peer");
        auto rest = co_await ours.reader.read(10);
        CHECK(rest == "bc");
        auto read = co_await outcome_of(ours.reader.read(1));
        auto again = co_await outcome_of(ours.reader.read());
        auto drain = co_await outcome_of(ours.writer.drain());
        auto closed = co_await outcome_of(ours.writer.wait_closed());
        for (const auto& outcome : {read, again, drain, closed}) CHECK(outcome == "Connection reset by peer");
        CHECK(ours.writer.is_closing());
        CHECK_FALSE(ours.reader.at_eof());
    });
}

TEST_CASE("who reads while the stream is closed reads its end") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        auto waits = create_task(ours.reader.read(1));
        co_await io_turns(2);
        ours.writer.close();
        auto got = co_await waits;
        CHECK(got == "");
        auto later = co_await ours.reader.readline();
        CHECK(later == "");
    });
}

TEST_CASE("who reads a stream that is closed reads its end before all has been sent") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        const std::string much(4'000'000, 'x');
        ours.writer.write(much);
        auto waits = create_task(ours.reader.read(1));
        co_await io_turns(2);
        ours.writer.close();
        auto got = co_await waits;
        CHECK(got == "");
        std::size_t received = 0;
        co_await until([&, &t = theirs] { return (received += t.receive().size()) == much.size(); });
        co_await ours.writer.wait_closed();
    });
}

TEST_CASE("what had come in when the stream was closed, or a write failed, can still be read") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = local_pair();
        theirs.send("before close");
        ours.writer.close();
        auto got = co_await ours.reader.read();
        CHECK(got == "before close");
        auto [other, gone] = local_pair();
        gone.send("an answer before the question");
        gone.close();
        other.writer.write("question");
        auto drain = co_await outcome_of(other.writer.drain());
        CHECK(drain == "Broken pipe");
        auto answer = co_await other.reader.read(100);
        CHECK(answer == "an answer before the question");
        auto then = co_await outcome_of(other.reader.read(1));
        CHECK(then == "Broken pipe");
    });
}

TEST_CASE("what a closed stream has not read does not cost the peer what was sent to it") {
    run_virtual([]() -> coro<> {
        auto [ours, theirs] = tcp_pair();
        theirs.send(std::string(50'000, 'x'));
        ours.writer.write("no, thank you");
        ours.writer.close();
        co_await io_turns(3);
        auto got = theirs.receive();
        CHECK(got == "no, thank you");
        CHECK(theirs.at_end());
    });
}

TEST_CASE("a stream is not for another loop, and cannot wait outside of a task") {
    std::optional<test::stream_and_socket> pair;
    loop l;
    l.run_until_complete([](auto& p) -> coro<> {
        p.emplace(local_pair());
        co_return;
    }(pair));
    auto elsewhere = run(outcome_of(pair->ours.reader.read(1)));
    CHECK(elsewhere == "a stream, server, process or file belongs to the loop in which it was made");
    pair->theirs.send("x");
    auto got = l.run_until_complete(pair->ours.reader.read(1));
    CHECK(got == "x");
}

TEST_CASE("handles may outlive their loop") {
    std::optional<test::stream_and_socket> pair;
    const auto before = test::open_descriptors();
    run_virtual([&]() -> coro<> {
        pair.emplace(local_pair());
        co_return;
    });
    CHECK(test::open_descriptors() == before + 1);
    CHECK(pair->theirs.at_end());
    CHECK(pair->ours.writer.is_closing());
    pair.reset();
    CHECK(test::open_descriptors() == before);
}
