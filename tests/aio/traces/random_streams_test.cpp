// Random ways to read a stream, which random_streams.py has written down with what CPython's asyncio does.
#include "tests/support/run_virtual.hpp"
#include "tests/support/streams.hpp"

#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

using namespace girin;
using girin::test::io_turns;
using girin::test::plain_socket;
using girin::test::run_virtual;

namespace {

std::string replaced(std::string text, char from, char to) {
    std::replace(text.begin(), text.end(), from, to);
    return text;
}

std::string shown(const std::string& bytes) {
    return "'" + replaced(bytes, '\n', '.') + "'";
}

// The separators are divided by "|".
GIRIN_CORO_COPYING_WRAPPER coro<std::string> read_until(const stream_reader& reader, const std::string& separators) {
    const std::size_t bar = separators.find('|');
    if (bar == std::string::npos) return reader.readuntil(separators);
    return reader.readuntil({separators.substr(0, bar), separators.substr(bar + 1)});
}

coro<std::string> perform(stream_reader reader, std::string operation) {
    std::istringstream words(operation);
    std::string name, argument;
    words >> name >> argument;
    try {
        if (name == "at_eof") co_return reader.at_eof() ? "True" : "False";
        coro<std::string> read;
        if (name == "read_all") read = reader.read();
        if (name == "read") read = reader.read(std::stoul(argument));
        if (name == "readexactly") read = reader.readexactly(std::stoul(argument));
        if (name == "readuntil") read = read_until(reader, replaced(argument, '.', '\n'));
        if (name == "readline") read = reader.readline();
        std::string bytes = co_await std::move(read);
        co_return shown(bytes);
    } catch (const incomplete_read_error& e) {
        co_return "incomplete " + shown(e.partial()) + " " + (e.expected() ? std::to_string(*e.expected()) : "None");
    } catch (const limit_overrun_error& e) {
        co_return name == "readline" ? "overrun" : "overrun " + std::to_string(e.consumed());
    } catch (const cancelled_error&) {
        co_return "waits";
    }
}

coro<std::string> outcomes_of(std::string program) {
    std::istringstream words(program.substr(0, program.find(" ; ")));
    std::string limit, data, end;
    std::getline(words, limit, ' ');
    std::getline(words, data, ' ');
    std::getline(words, end, ' ');
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    auto transport = std::make_unique<detail::socket_transport>(detail::descriptor(fds[0]));
    const auto core = detail::open_socket_stream(std::move(transport), std::stoul(limit));
    plain_socket theirs(fds[1]);
    theirs.send(replaced(data, '.', '\n'));
    if (end == "1") theirs.send_fin();
    // asyncio has read ahead what has come in.
    if (!data.empty()) co_await detail::stream_core::more(core);
    if (end == "1") co_await detail::stream_core::more(core);
    const stream_reader reader = detail::handles_of(core).reader;
    std::string outcomes;
    for (std::size_t at = program.find(" ; "); at != std::string::npos;) {
        const std::size_t next = program.find(" ; ", at + 3);
        auto operation = create_task(perform(reader, program.substr(at + 3, next - at - 3)));
        co_await io_turns(4);
        operation.cancel();
        auto outcome = co_await operation;
        outcomes += (outcomes.empty() ? "" : " ; ") + outcome;
        at = next;
    }
    co_return outcomes;
}

}  // namespace

TEST_CASE("random ways to read a stream have the outcomes that CPython's have") {
    std::ifstream file(GIRIN_TEST_TRACES "/random_streams.txt");
    std::string program, expected;
    int programs = 0;
    while (std::getline(file, program) && std::getline(file, expected)) {
        auto outcomes = run_virtual([&]() -> coro<std::string> { co_return co_await outcomes_of(program); });
        INFO(program);
        CHECK(outcomes == expected);
        ++programs;
    }
    CHECK(programs >= 400);
}
