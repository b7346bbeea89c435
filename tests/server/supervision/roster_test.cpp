#include "server/supervision/roster.hpp"

#include "server/supervision/scoreboard_writer.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace girin::supervision;
using namespace std::chrono_literals;

namespace {

const time_point noon = time_point(100s);

struct peer {
    girin::unique_fd file = create_memory_file("test", scoreboard_file_bytes);
    scoreboard_writer board{file.get(), 0, 1};

    explicit peer(int connections) {
        board.set_state(worker_state::ready);
        board.beat(noon);
        for (int i = 0; i < connections; ++i) board.connection_opened();
    }

    message joins(pid_t pid) const { return message::peer_joined(pid, reopen_read_only(file.get())); }
};

}  // namespace

TEST_CASE("a worker without peers accepts whatever it holds") {
    const roster alone;
    CHECK(alone.may_accept(0, noon));
    CHECK(alone.may_accept(1000, noon));
}

TEST_CASE("a worker accepts while it holds no more than the emptiest peer") {
    const peer full(5), empty(2);
    roster peers;
    peers.apply(full.joins(1));
    peers.apply(empty.joins(2));
    CHECK(peers.may_accept(1, noon));
    CHECK(peers.may_accept(2, noon));
    CHECK_FALSE(peers.may_accept(3, noon));
}

TEST_CASE("a peer that boots, drains, or whose loop stands still does not count") {
    peer other(0);
    roster peers;
    peers.apply(other.joins(1));
    REQUIRE_FALSE(peers.may_accept(1, noon));
    SUBCASE("booting") {
        other.board.set_state(worker_state::booting);
    }
    SUBCASE("full, or without resources") {
        other.board.set_full(true);
    }
    SUBCASE("draining") {
        other.board.set_state(worker_state::draining);
    }
    SUBCASE("standing still") {
        other.board.beat(noon - heartbeat_stale);
    }
    CHECK(peers.may_accept(1, noon));
}

TEST_CASE("a peer that left does not count") {
    const peer other(0);
    roster peers;
    peers.apply(other.joins(1));
    peers.apply(message::peer_left(2));
    CHECK_FALSE(peers.may_accept(1, noon));
    peers.apply(message::peer_left(1));
    CHECK(peers.may_accept(1, noon));
}

TEST_CASE("a pid that joins again stands for its new scoreboard only") {
    const peer old(0), fresh(7);
    roster peers;
    peers.apply(old.joins(1));
    peers.apply(fresh.joins(1));
    CHECK(peers.size() == 1);
    CHECK(peers.may_accept(7, noon));
}

TEST_CASE("a scoreboard that cannot be mapped is left out") {
    roster peers;
    peers.apply(message::peer_joined(1, create_sealed_file("test", "too short")));
    peers.apply(message::peer_joined(2, {}));
    peers.apply(message::ready());
    CHECK(peers.size() == 0);
}
