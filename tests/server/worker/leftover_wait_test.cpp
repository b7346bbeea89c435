// Tasks that an application leaves behind in receive() or send() when it returns.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <girin/exceptions.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

using namespace girin;
using namespace girin::test;

namespace {

coro<> hear_three(receiver& receive, std::string& heard) {
    for (int i = 0; i < 3; ++i) heard += std::string((co_await receive()).type()) + " ";
}

coro<> hear_cancellation(receiver& receive, std::string& heard) {
    try {
        co_await receive();
    } catch (const cancelled_error&) {
        heard += "cancelled ";
        throw;
    }
}

coro<> write_forever(sender& send, bool& raised) {
    const std::string large(3'000'000, 'x');
    try {
        for (;;) co_await send(http_response_body(large, true));
    } catch (const client_disconnected&) {
        raised = true;
    }
}

}  // namespace

CONNECTION_TEST_CASE(
    "a task that waits in receive when the application returns gets http.disconnect, again and again") {
    std::string heard;
    std::vector<task<>> left_behind;
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        left_behind.push_back(create_task(hear_three(receive, heard), {.eager_start = true}));
        co_await sleep(std::chrono::nanoseconds(0));
        co_await send(http_response_start(200));
        co_await send(http_response_body("done"));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
        const std::string response = co_await client.response();
        CHECK(body_of(response) == "done");
        co_await until([&] { return !left_behind.empty() && left_behind.front().done(); }, "the task ends");
        left_behind.clear();
    });
    CHECK(heard == "http.disconnect http.disconnect http.disconnect ");
}

CONNECTION_TEST_CASE(
    "a task that was cancelled in receive is cancelled though the application returns before it runs") {
    std::string heard;
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        task<> listening = create_task(hear_cancellation(receive, heard), {.eager_start = true});
        co_await send(http_response_start(200));
        co_await send(http_response_body("done"));
        listening.cancel();
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        for (int i = 0; i < 2; ++i) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
            co_await until([&] { return heard.size() == 10 * static_cast<std::size_t>(i + 1); },
                           "the task is cancelled");
            client.send("abc");
            const std::string response = co_await client.response();
            CHECK(body_of(response) == "done");
        }
    });
    CHECK(heard == "cancelled cancelled ");
}

CONNECTION_TEST_CASE("a send that waits when the application returns is torn") {
    log_capture log;
    bool raised = false;
    std::vector<task<>> left_behind;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        left_behind.push_back(create_task(write_forever(send, raised), {.eager_start = true}));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        client.send(get("/"));
        co_await until([&] { return raised; }, "the send raises");
        const std::string response = co_await client.read_rest();
        CHECK_FALSE(has(response, "\r\n0\r\n\r\n"));
        left_behind.clear();
    });
    CHECK(log.count("ASGI callable returned without completing response.") == 1);
}
