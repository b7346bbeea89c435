#include "server/http1/byte_buffer.hpp"

#include "server/http1/put.hpp"

#include <doctest/doctest.h>

#include <string>

using girin::http1::byte_buffer;
using girin::http1::put;

namespace {

void hold(byte_buffer& buffer, std::string_view text) {
    buffer.hold(put(buffer.room(text.size()), text));
}

}  // namespace

TEST_CASE("held bytes are not ready until they are released, and can be dropped until then") {
    byte_buffer buffer;
    hold(buffer, "head ");
    CHECK(buffer.ready().empty());
    hold(buffer, "body");
    buffer.release();
    CHECK(buffer.ready() == "head body");
    hold(buffer, "wrong");
    buffer.drop_held();
    hold(buffer, "!");
    buffer.release();
    CHECK(buffer.ready() == "head body!");
}

TEST_CASE("bytes can be put before the held ones") {
    byte_buffer buffer;
    hold(buffer, "1");
    buffer.release();
    hold(buffer, "3");
    buffer.insert_ready(std::string(1000, '2'));
    CHECK(buffer.ready() == "1" + std::string(1000, '2'));
    buffer.release();
    CHECK(buffer.ready() == "1" + std::string(1000, '2') + "3");
}

TEST_CASE("written bytes are forgotten and held ones stay") {
    byte_buffer buffer;
    hold(buffer, "abc");
    buffer.release();
    hold(buffer, "held");
    buffer.consume(1);
    CHECK(buffer.ready() == "bc");
    buffer.consume(2);
    CHECK(buffer.ready().empty());
    buffer.release();
    CHECK(buffer.ready() == "held");
}

TEST_CASE("ready and held bytes survive that room is made for more") {
    for (const std::size_t size : {std::size_t{500}, std::size_t{10000}}) {
        byte_buffer buffer;
        hold(buffer, std::string(400, 'x') + "ready");
        buffer.release();
        hold(buffer, "held");
        buffer.consume(400);
        hold(buffer, std::string(size, 'y'));
        CHECK(buffer.ready() == "ready");
        buffer.release();
        CHECK(buffer.ready() == "readyheld" + std::string(size, 'y'));
    }
}

TEST_CASE("a buffer that is always written out in the end does not grow") {
    byte_buffer buffer;
    hold(buffer, std::string(300, 'x'));
    buffer.release();
    const std::size_t capacity = buffer.capacity();
    for (int i = 0; i < 100; ++i) {
        hold(buffer, std::string(100, static_cast<char>('a' + i % 26)));
        buffer.release();
        buffer.consume(i == 0 ? 300 : 100);
        CHECK(buffer.ready() == std::string(100, static_cast<char>('a' + i % 26)));
    }
    CHECK(buffer.capacity() == capacity);
}
