#include "server/supervision/scoreboard.hpp"

#include "server/supervision/scoreboard_reader.hpp"
#include "server/supervision/scoreboard_writer.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

using namespace girin::supervision;
using namespace std::chrono_literals;

namespace {

const time_point noon = time_point(100s);

struct board {
    girin::unique_fd file = create_memory_file("test", scoreboard_file_bytes);
    scoreboard_reader reader{file.get()};

    scoreboard_layout& raw() { return *static_cast<scoreboard_layout*>(whole.data()); }

    mapping whole{file.get(), scoreboard_file_bytes, mapping::access::read_write};
};

}  // namespace

TEST_CASE("a scoreboard that no worker has written to is not readable and has only zeros") {
    const board board;
    CHECK_FALSE(board.reader.readable());
    CHECK(board.reader.state() == worker_state::booting);
    CHECK(board.reader.heartbeat() == time_point());
    CHECK(board.reader.in_flight(noon).empty());
}

TEST_CASE("a reader sees what the worker says about itself") {
    const board board;
    scoreboard_writer writer(board.file.get(), 2, 7);
    CHECK(board.reader.readable());
    CHECK(board.reader.state() == worker_state::booting);
    writer.set_state(worker_state::ready);
    writer.beat(noon);
    for (int i = 0; i < 3; ++i) writer.connection_opened();
    writer.connection_closed();
    CHECK(board.reader.state() == worker_state::ready);
    writer.set_full(true);
    CHECK(board.reader.state() == worker_state::full);
    writer.set_full(false);
    CHECK(board.reader.state() == worker_state::ready);
    writer.set_state(worker_state::draining);
    writer.set_full(true);
    CHECK(board.reader.state() == worker_state::draining);
    CHECK(board.reader.heartbeat() == noon);
    CHECK(board.reader.connections() == 2);
    CHECK(writer.connections() == 2);
    CHECK(board.reader.accepted() == 3);
}

TEST_CASE("requests in flight are listed from the oldest on, with their ages, until they end") {
    const board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    const int young = writer.request_began("GET /young", noon - 1s);
    const int old = writer.request_began("POST /old?x=1", noon - 5s);
    auto requests = board.reader.in_flight(noon);
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].line == "POST /old?x=1");
    CHECK(requests[0].age == 5s);
    CHECK(requests[1].line == "GET /young");
    writer.request_ended(old);
    requests = board.reader.in_flight(noon);
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].age == 1s);
    writer.request_ended(young);
    CHECK(board.reader.in_flight(noon).empty());
    CHECK(board.reader.requests() == 2);
}

TEST_CASE("a request line is cut at 128 bytes") {
    const board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    writer.request_began("GET " + std::string(500, 'a'), noon);
    const auto requests = board.reader.in_flight(noon);
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].line == "GET " + std::string(124, 'a'));
}

TEST_CASE("a request line of any length reads as it was published, whatever was in its entry before") {
    const board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    for (std::size_t size = request_line_bytes; size > 0; --size) {
        const std::string line(size, static_cast<char>('a' + size % 26));
        const int entry = writer.request_began(line, noon);
        const auto requests = board.reader.in_flight(noon);
        REQUIRE(requests.size() == 1);
        CHECK(requests[0].line == line);
        writer.request_ended(entry);
    }
}

TEST_CASE("a request beyond the 64 entries is counted, and its end leaves the others alone") {
    const board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    std::vector<int> entries;
    for (int i = 0; i < 64; ++i) entries.push_back(writer.request_began("GET /" + std::to_string(i), noon));
    const int beyond = writer.request_began("GET /beyond", noon);
    CHECK(beyond == -1);
    writer.request_ended(beyond);
    CHECK(board.reader.in_flight(noon).size() == 64);
    CHECK(board.reader.requests() == 65);
    writer.request_ended(entries[10]);
    CHECK(writer.request_began("GET /again", noon) == entries[10]);
}

TEST_CASE("an older version's scoreboard, or a foreign one, is not read") {
    board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    SUBCASE("foreign magic") {
        board.raw().magic = 42;
    }
    SUBCASE("older version") {
        board.raw().version = scoreboard_version - 1;
    }
    SUBCASE("fewer fields") {
        board.raw().size = sizeof(scoreboard_layout) - 8;
    }
    CHECK_FALSE(board.reader.readable());
}

TEST_CASE("a newer version's scoreboard is read as far as it is known") {
    board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    board.raw().version = scoreboard_version + 1;
    board.raw().size = sizeof(scoreboard_layout) + 800;
    CHECK(board.reader.readable());
}

TEST_CASE("a reader survives any bytes") {
    board board;
    for (const int byte : {0xff, 0x80, 0x7f, 0x01}) {
        std::memset(board.whole.data(), byte, scoreboard_file_bytes);
        board.raw().magic = scoreboard_magic;
        board.raw().version = scoreboard_version;
        board.raw().size = sizeof(scoreboard_layout);
        CHECK(board.reader.readable());
        CHECK(board.reader.state() == worker_state::booting);
        CHECK(board.reader.heartbeat() >= time_point());
        for (const auto& request : board.reader.in_flight(noon)) CHECK(request.line.size() <= request_line_bytes);
    }
}

TEST_CASE("an entry that was being written when the worker died is left out") {
    board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    writer.request_began("GET /torn", noon);
    board.raw().in_flight[0].sequence.fetch_add(1);
    CHECK(board.reader.in_flight(noon).empty());
}

TEST_CASE("a start in the future or before time has no age") {
    board board;
    scoreboard_writer writer(board.file.get(), 0, 1);
    writer.request_began("GET /", noon + 1s);
    CHECK_FALSE(board.reader.in_flight(noon)[0].age);
    board.raw().in_flight[0].started = std::numeric_limits<std::int64_t>::min();
    CHECK_FALSE(board.reader.in_flight(noon)[0].age);
}

TEST_CASE("a reader never sees half of one line and half of another") {
    const board board;
    std::atomic<bool> over{false};
    std::thread worker([&] {
        scoreboard_writer writer(board.file.get(), 0, 1);
        const std::string lines[] = {std::string(100, 'a'), std::string(60, 'b')};
        for (int i = 0; i < 100'000; ++i) writer.request_ended(writer.request_began(lines[i % 2], noon));
        over = true;
    });
    bool whole = true;
    while (!over)
        for (const auto& request : board.reader.in_flight(noon))
            whole = whole && (request.line == std::string(100, 'a') || request.line == std::string(60, 'b'));
    worker.join();
    CHECK(whole);
}
