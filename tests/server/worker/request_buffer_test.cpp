// The buffer of one client's bytes, in small pools.
#include "server/worker/request_buffer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

using namespace girin::worker;

namespace {

buffer_pools make_pools() {
    return {{4'096, 4}, {65'536, 2}};
}

// As much of the text as there is room for; how much that was.
std::size_t put(request_buffer& buffer, std::string_view text) {
    const std::span<char> room = buffer.room();
    const std::size_t size = std::min(room.size(), text.size());
    std::copy_n(text.data(), size, room.data());
    buffer.filled(size);
    return size;
}

std::string_view text_of(request_buffer& buffer) {
    return {buffer.unread().data(), buffer.unread().size()};
}

}  // namespace

TEST_CASE("bytes are read behind the unread ones, however many there are") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    const std::string text(60'000, 'x');
    for (std::size_t at = 0; at < text.size();) {
        buffer.make_room();
        const std::size_t size = put(buffer, std::string_view(text).substr(at, 1'000));
        REQUIRE(size > 0);
        at += size;
    }
    CHECK(text_of(buffer) == text);
}

TEST_CASE("consumed bytes make room when no request holds them") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    put(buffer, std::string(4'096, 'a'));
    buffer.consume(4'000);
    buffer.make_room();
    CHECK(buffer.room().size() == 4'000);
    CHECK(text_of(buffer) == std::string(96, 'a'));
}

TEST_CASE("the head stays where it is while content goes through the room behind it") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    put(buffer, "the head" + std::string(4'088, 'c'));
    const std::string_view head = text_of(buffer).substr(0, 8);
    buffer.consume(8);
    buffer.begin_request();
    for (int i = 0; i < 100; ++i) {
        buffer.consume(buffer.unread().size());
        buffer.make_room();
        CHECK(put(buffer, std::string(3'000, 'd')) > 0);
        CHECK(head == "the head");
    }
    buffer.end_request();
}

TEST_CASE("behind a head that leaves little room, content gets a buffer of its own") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    put(buffer, std::string(4'096, 'h'));
    buffer.make_room();
    put(buffer, std::string(61'000, 'h'));
    const std::string_view head = text_of(buffer);
    REQUIRE(head.size() == 65'096);
    buffer.consume(head.size());
    buffer.begin_request();
    put(buffer, std::string(440, 'c'));
    buffer.make_room();
    CHECK(buffer.room().size() == 65'536 - 440);
    CHECK(text_of(buffer) == std::string(440, 'c'));
    CHECK(head == std::string(65'096, 'h'));
    buffer.end_request();
}

TEST_CASE("room behind everything is made without moving what was consumed, once") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    put(buffer, "head" + std::string("content") + std::string(4'085, 'n'));
    const std::string_view all = text_of(buffer);
    buffer.consume(4);
    buffer.begin_request();
    buffer.consume(7);
    REQUIRE(buffer.make_room_behind());
    CHECK(buffer.room().size() == 65'536 - 4'085);
    CHECK(all.substr(0, 11) == "headcontent");
    CHECK(text_of(buffer) == std::string(4'085, 'n'));
    put(buffer, std::string(65'536, 'n'));
    CHECK_FALSE(buffer.make_room_behind());
    buffer.end_request();
}

TEST_CASE("memory is given back when nothing is in it, and used again") {
    buffer_pools pools = make_pools();
    request_buffer first(pools);
    request_buffer second(pools);
    const char* memory = first.room().data();
    first.give_back_unused();
    CHECK(second.room().data() == memory);
    put(second, "request");
    second.give_back_unused();
    CHECK(text_of(second) == "request");
    second.consume(7);
    second.begin_request();
    second.end_request();
    CHECK(first.room().data() == memory);
}

TEST_CASE("bytes behind a request that ended are the next request's") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    put(buffer, "firstsecond");
    buffer.consume(5);
    buffer.begin_request();
    buffer.end_request();
    CHECK(text_of(buffer) == "second");
    put(buffer, std::string(4'085, 'x'));
    buffer.make_room();
    CHECK(text_of(buffer) == "second" + std::string(4'085, 'x'));
    CHECK(buffer.room().size() == 5);
}

#if defined(GIRIN_POISONS)
TEST_CASE("a request's bytes are poisoned when it has ended") {
    buffer_pools pools = make_pools();
    request_buffer buffer(pools);
    put(buffer, std::string(64, 'h') + "next");
    const char* head = buffer.unread().data();
    buffer.consume(64);
    buffer.begin_request();
    CHECK_FALSE(__asan_address_is_poisoned(head));
    buffer.end_request();
    CHECK(__asan_address_is_poisoned(head));
    CHECK_FALSE(__asan_address_is_poisoned(buffer.unread().data()));
    buffer.consume(4);
    buffer.begin_request();
    buffer.end_request();
    CHECK(__asan_address_is_poisoned(head + 64));
    put(buffer, "again");
    CHECK(text_of(buffer) == "again");
}
#endif
