// The messages as values: their ASGI names, what they borrow, and what own() keeps.
#include <girin/messages.hpp>
#include <girin/scope.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace girin;

namespace {

// Makes a message of texts that are gone when it has been returned, and keeps only its own copy.
template <class Make>
auto outlived(Make make) {
    std::array<std::string, 3> texts{"first, too long for a string's own buffer", "second", ""};
    auto kept = make(texts[0], texts[1], texts[2]).own();
    for (std::string& text : texts) text.assign(text.size(), '?');
    return kept;
}

constexpr std::string_view first = "first, too long for a string's own buffer";

}  // namespace

TEST_CASE("every message that send takes has its ASGI name") {
    CHECK(send_message(http_response_start(200)).type() == "http.response.start");
    CHECK(send_message(http_response_body()).type() == "http.response.body");
    CHECK(send_message(websocket_accept()).type() == "websocket.accept");
    CHECK(send_message(websocket_send("text")).type() == "websocket.send");
    CHECK(send_message(websocket_close()).type() == "websocket.close");
    CHECK(send_message(lifespan_startup_complete()).type() == "lifespan.startup.complete");
    CHECK(send_message(lifespan_startup_failed()).type() == "lifespan.startup.failed");
    CHECK(send_message(lifespan_shutdown_complete()).type() == "lifespan.shutdown.complete");
    CHECK(send_message(lifespan_shutdown_failed()).type() == "lifespan.shutdown.failed");
}

TEST_CASE("every message that receive yields has its ASGI name") {
    CHECK(receive_message(http_request()).type() == "http.request");
    CHECK(receive_message(http_disconnect()).type() == "http.disconnect");
    CHECK(receive_message(websocket_connect()).type() == "websocket.connect");
    CHECK(receive_message(websocket_receive("text")).type() == "websocket.receive");
    CHECK(receive_message(websocket_disconnect()).type() == "websocket.disconnect");
    CHECK(receive_message(lifespan_startup()).type() == "lifespan.startup");
    CHECK(receive_message(lifespan_shutdown()).type() == "lifespan.shutdown");
}

TEST_CASE("a message is seen as what it is and as nothing else") {
    const receive_message received = http_request("body", true);
    REQUIRE(received.as<http_request>());
    CHECK(received.as<http_request>()->body == "body");
    CHECK(received.as<http_request>()->more_body);
    CHECK_FALSE(received.as<http_disconnect>());

    const websocket_close close(1001, "going away");
    const send_message sent = close;
    CHECK(sent.as<websocket_close>() == &close);
    CHECK_FALSE(sent.as<websocket_send>());
}

TEST_CASE("defaults are those of the specification") {
    CHECK_FALSE(http_request().more_body);
    CHECK_FALSE(http_response_body().more_body);
    CHECK(websocket_disconnect().code == 1005);
    CHECK(websocket_close().code == 1000);
    CHECK(websocket_receive("x").kind == websocket_data::text);
    CHECK(websocket_send("x", websocket_data::bytes).kind == websocket_data::bytes);
    CHECK(websocket_accept().subprotocol.empty());
}

TEST_CASE("own keeps a message longer than what it views") {
    CHECK(outlived([](auto& a, auto&, auto&) { return http_request(a, true); })->body == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return http_response_body(a); })->body == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return websocket_receive(a); })->data == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return websocket_send(a); })->data == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return websocket_disconnect(1001, a); })->reason == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return websocket_close(1001, a); })->reason == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return lifespan_startup_failed(a); })->message == first);
    CHECK(outlived([](auto& a, auto&, auto&) { return lifespan_shutdown_failed(a); })->message == first);
}

TEST_CASE("own keeps what is no text as it is") {
    const auto request = outlived([](auto& a, auto&, auto&) { return http_request(a, true); });
    CHECK(request->more_body);
    const auto data = outlived([](auto& a, auto&, auto&) { return websocket_send(a, websocket_data::bytes); });
    CHECK(data->kind == websocket_data::bytes);
    const auto left = outlived([](auto& a, auto&, auto&) { return websocket_disconnect(1001, a); });
    CHECK(left->code == 1001);
}

TEST_CASE("own keeps every field, however many they are") {
    for (const int count : {0, 1, 8, 9, 100}) {
        auto kept = outlived([&](auto& a, auto& b, auto& c) {
            http_response_start start(204);
            for (int i = 0; i < count; ++i)
                start.header(i % 2 ? std::string_view(a) : b, i % 3 ? std::string_view(a) : c);
            return start;
        });
        const auto moved = std::move(kept);
        CHECK(moved->status == 204);
        const headers_view fields = moved->headers.fields();
        REQUIRE(fields.size() == static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) {
            CHECK(fields[i].name == (i % 2 ? first : "second"));
            CHECK(fields[i].value == (i % 3 ? first : ""));
        }
    }
}

TEST_CASE("own keeps a subprotocol beside the fields") {
    const auto accept = outlived([](auto& a, auto& b, auto&) {
        const std::array fields{header{"x", b}};
        return websocket_accept(a, fields);
    });
    CHECK(accept->subprotocol == first);
    REQUIRE(accept->headers.fields().size() == 1);
    CHECK(accept->headers.fields()[0].value == "second");
}

TEST_CASE("a websocket scope names its subprotocols, and so does its copy") {
    const std::array<std::string_view, 2> offered{"chat.v2", "chat"};
    scope original(scope_type::websocket);
    CHECK(original.subprotocols.empty());
    original.subprotocols = offered;
    const scope copy = original;
    CHECK(copy.type == scope_type::websocket);
    REQUIRE(copy.subprotocols.size() == 2);
    CHECK(copy.subprotocols[0] == "chat.v2");
}
