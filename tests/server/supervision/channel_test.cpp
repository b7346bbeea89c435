#include "server/supervision/channel.hpp"

#include "server/supervision/memory_file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace girin::supervision;
using received = channel::received;
using descriptors = channel::descriptors;

TEST_CASE("a worker's messages arrive one by one and in order") {
    auto [master, worker] = channel::pair();
    CHECK(worker.send(message::boot_failed(4, "no such symbol: make_app\nsecond line")));
    CHECK(worker.send(message::ready()));
    message said;
    REQUIRE(master.receive(said, descriptors::refuse) == received::message);
    CHECK(said.what == message::kind::boot_failed);
    CHECK(said.exit_code == 4);
    CHECK(said.text == "no such symbol: make_app\nsecond line");
    REQUIRE(master.receive(said, descriptors::refuse) == received::message);
    CHECK(said.what == message::kind::ready);
    CHECK(master.receive(said, descriptors::refuse) == received::nothing);
}

TEST_CASE("a peer's scoreboard comes as a descriptor of its own, closed on exec") {
    auto [master, worker] = channel::pair();
    CHECK(master.send(message::peer_joined(42, create_sealed_file("test", "scores"))));
    CHECK(master.send(message::peer_left(41)));
    message said;
    REQUIRE(worker.receive(said, descriptors::accept) == received::message);
    CHECK(said.what == message::kind::peer_joined);
    CHECK(said.peer == 42);
    CHECK(read_whole_file(said.scoreboard.get()) == "scores");
    CHECK(::fcntl(said.scoreboard.get(), F_GETFD) == FD_CLOEXEC);
    REQUIRE(worker.receive(said, descriptors::accept) == received::message);
    CHECK(said.what == message::kind::peer_left);
    CHECK(said.peer == 41);
    CHECK_FALSE(said.scoreboard);
    CHECK(master.send(message::last_call()));
    REQUIRE(worker.receive(said, descriptors::accept) == received::message);
    CHECK(said.what == message::kind::last_call);
}

TEST_CASE("the master takes no descriptors from a worker") {
    auto [master, worker] = channel::pair();
    CHECK(worker.send(message::peer_joined(42, create_sealed_file("test", "a gift"))));
    message said;
    REQUIRE(master.receive(said, descriptors::refuse) == received::message);
    CHECK_FALSE(said.scoreboard);
}

TEST_CASE("the end of one side is the end of file of the other, after what was said before") {
    auto [master, worker] = channel::pair();
    CHECK(worker.send(message::ready()));
    worker = channel();
    message said;
    CHECK(master.receive(said, descriptors::refuse) == received::message);
    CHECK(master.receive(said, descriptors::refuse) == received::closed);
    CHECK_FALSE(master.send(message::peer_left(1)));
}

TEST_CASE("a side that reads nothing does not block the other") {
    auto [master, worker] = channel::pair();
    int sent = 0;
    while (sent < 100'000 && master.send(message::peer_left(1))) ++sent;
    CHECK(sent > 10);
    CHECK(sent < 100'000);
}

TEST_CASE("bytes that are no message are unknown, and do not disturb what follows") {
    auto [master, worker] = channel::pair();
    for (const std::string_view bytes : {"hello", "ready?", "boot_failed", "boot_failed x y", "peer_left -1",
                                         "peer_joined 99999999999", " ", "\xff\xff"}) {
        CHECK_FALSE(decode(bytes));
        CHECK(::send(worker.fd(), bytes.data(), bytes.size(), 0) > 0);
        CHECK(worker.send(message::ready()));
        message said;
        CHECK(master.receive(said, descriptors::refuse) == received::unknown);
        CHECK(master.receive(said, descriptors::refuse) == received::message);
    }
}

TEST_CASE("a long reason is cut") {
    auto [master, worker] = channel::pair();
    CHECK(worker.send(message::boot_failed(3, std::string(100'000, 'x'))));
    message said;
    REQUIRE(master.receive(said, descriptors::refuse) == received::message);
    CHECK(said.exit_code == 3);
    CHECK(said.text.size() > 1000);
    CHECK(encode(said).size() == longest_message);
}
