// Clients that leave: how it is noticed, and what their requests' applications see of it.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <girin/exceptions.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <optional>

using namespace girin;
using namespace girin::test;
using cancel = worker::connection_options::cancel;

namespace {

// An application that waits, and notes what it has seen.
struct waiting {
    std::string events;
    int began = 0;

    // What is not cancelled goes on, and is told when it sends; threads may not know yet.
    bool ended_well(bool cancelled) const {
        if (cancelled) return events == "cancelled(the client has disconnected) ";
        return events == "slept disconnected " || (connection_threads != 0 && events == "slept sent ");
    }
    application app() {
        return [this](const scope&, receiver&, sender& send) -> coro<> {
            ++began;
            try {
                co_await sleep(std::chrono::seconds(10));
                events += "slept ";
                co_await send(http_response_start(200));
                co_await send(http_response_body("x"));
                events += "sent ";
            } catch (const cancelled_error& e) {
                events += "cancelled(" + e.message() + ") ";
                throw;
            } catch (const client_disconnected&) {
                events += "disconnected ";
                throw;
            }
        };
    }
};

enum class how { fin, reset };

void leave(raw_client& client, how way) {
    if (way == how::fin)
        client.close();
    else
        client.abort();
}

// Everything that the client has sent is with the server's kernel.
coro<> delivered(raw_client& client) {
    auto empty = [&] {
        int waiting = 0;
        REQUIRE(::ioctl(client.fd(), SIOCOUTQ, &waiting) == 0);
        return waiting == 0;
    };
    co_await until(empty, "all is delivered");
}

std::string many_gets(std::size_t size) {
    std::string requests;
    while (requests.size() < size) requests += get("/");
    return requests;
}

}  // namespace

CONNECTION_TEST_CASE("a client that leaves during a wait is noticed without a write, and its GET is cancelled") {
    for (how way : {how::fin, how::reset}) {
        log_capture log;
        waiting handler;
        with_server(handler.app(), [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(get("/"));
            co_await until([&] { return handler.began == 1; });
            leave(client, way);
            co_await server.gone();
        });
        CHECK(handler.events == "cancelled(the client has disconnected) ");
        CHECK(log.text() == "");
    }
}

CONNECTION_TEST_CASE("what a client that left was not sent yet is sent to nobody else") {
    int began = 0;
    auto app = [&](const scope& s, receiver&, sender& send) -> coro<> {
        ++began;
        http_response_start start(200);
        if (s.path == "/private") start.header("set-cookie", "private=1");
        co_await send(start);
        if (s.path == "/private") co_await sleep(std::chrono::seconds(10));
        co_await send(http_response_body("public"));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client first = server.connect();
        first.send(get("/private"));
        co_await until([&] { return began == 1; });
        leave(first, how::fin);
        co_await server.gone();
        raw_client second = server.connect();
        second.send(get("/"));
        const std::string response = co_await second.response();
        CHECK_FALSE(has(response, "private"));
        CHECK(body_of(response) == "public");
    });
}

CONNECTION_TEST_CASE("a client that left before its request was looked at is noticed too") {
    for (bool closes : {false, true}) {
        waiting handler;
        with_server(handler.app(), [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(get("/"));
            if (closes)
                client.close();
            else
                client.send_fin();
            co_await server.gone();
        });
        CHECK(handler.events == "cancelled(the client has disconnected) ");
    }
}

CONNECTION_TEST_CASE("a client that leaves during a wait is noticed although it has sent more requests") {
    waiting handler;
    with_server(handler.app(), [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        std::string requests;
        for (int i = 0; i < 300; ++i) requests += get("/");
        client.send(requests);
        co_await until([&] { return handler.began == 1; });
        client.close();
        co_await server.gone();
    });
    CHECK(handler.events == "cancelled(the client has disconnected) ");
}

CONNECTION_TEST_CASE("a client that leaves during a wait is noticed although there is no room for what it has sent") {
    // A FIN behind a window that is closed never comes, and threads do not read ahead.
    for (how way : {how::fin, how::reset}) {
        const std::size_t unread = way == how::fin && connection_threads != 0 ? 50'000 : 100'000;
        const std::string requests = many_gets(unread);
        const std::string content = std::string(unread, 'x');
        const std::string incomplete = get("/", "Content-Length: 2000000\r\n") + content;
        const std::string complete = get("/", "Content-Length: " + std::to_string(unread) + "\r\n") + content;
        for (const std::string* sent : {&requests, &incomplete, &complete}) {
            CAPTURE(sent->substr(0, 70));
            waiting handler;
            with_server(handler.app(), [&](test_server& server) -> coro<> {
                raw_client client = server.connect();
                client.send(*sent);
                co_await until([&] { return handler.began == 1; });
                if (way == how::fin) co_await delivered(client);
                co_await settle();
                CHECK(handler.events == "");
                leave(client, way);
                co_await server.gone();
            });
            CHECK(handler.events == "cancelled(the client has disconnected) ");
        }
    }
}

CONNECTION_TEST_CASE("a client that has sent more than there is room for stays as long as it does not leave") {
    for (bool half_close : {false, true}) {
        waiting handler;
        with_server(handler.app(),
                    [&](test_server& server) -> coro<> {
                        raw_client client = server.connect();
                        client.send(get("/") + post("/", std::string(50'000, 'x')) + many_gets(40'000));
                        co_await until([&] { return handler.began == 1; });
                        co_await settle();
                        client.send(get("/"));
                        if (half_close) client.send_fin();
                        for (int i = 1; i <= 4; ++i) {
                            co_await server.advance_and_settle(std::chrono::seconds(10));
                            const std::string response = co_await client.response();
                            CHECK(body_of(response) == "x");
                            co_await server.begun(i + 1);
                        }
                    },
                    {.options = {.half_close = half_close}});
        CHECK(has(handler.events, "slept sent slept sent slept sent slept sent "));
    }
}

CONNECTION_TEST_CASE("an application that waits for nothing but content gets all that is before a FIN") {
    for (std::size_t missing : {0, 1}) {
        std::size_t size = 0;
        std::string end;
        auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
            for (bool more = true; more;) {
                receive_message message = co_await receive();
                const auto* content = message.as<http_request>();
                size += content ? content->body.size() : 0;
                more = content && content->more_body;
                if (!content) end = message.type();
            }
            co_await send(http_response_start(200));
            co_await send(http_response_body("taken"));
        };
        with_server(app, [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            const std::string request = post("/", std::string(1'000'000, 'x'));
            co_await client.send_all(request.substr(0, request.size() - missing));
            client.send_fin();
            const std::string response = co_await client.read_rest();
            CHECK(has(response, "taken") == (missing == 0));
            co_await server.gone();
        });
        CHECK(size == 1'000'000 - missing);
        CHECK(end == (missing == 0 ? "" : "http.disconnect"));
    }
}

CONNECTION_TEST_CASE("HEAD and OPTIONS are cancelled as GET is, and POST is not") {
    for (const char* method : {"HEAD", "OPTIONS", "POST", "PUT", "DELETE"}) {
        log_capture log;
        const bool safe = std::string(method) == "HEAD" || std::string(method) == "OPTIONS";
        waiting handler;
        with_server(handler.app(), [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(std::string(method) + " / HTTP/1.1\r\nHost: test\r\n\r\n");
            co_await until([&] { return handler.began == 1; });
            client.close();
            if (!safe) co_await server.advance_and_settle(std::chrono::seconds(10));
            co_await server.gone();
        });
        CHECK(handler.ended_well(safe));
        CHECK(log.text() == "");
    }
}

CONNECTION_TEST_CASE("cancel_on_disconnect=always cancels every method, never cancels none") {
    for (cancel policy : {cancel::always, cancel::never}) {
        waiting handler;
        with_server(handler.app(),
                    [&](test_server& server) -> coro<> {
                        raw_client client = server.connect();
                        client.send(policy == cancel::always ? post("/", "") : get("/"));
                        co_await until([&] { return handler.began == 1; });
                        client.close();
                        if (policy == cancel::never) co_await server.advance_and_settle(std::chrono::seconds(10));
                        co_await server.gone();
                    },
                    {.options = {.cancel_on_disconnect = policy}});
        CHECK(handler.ended_well(policy == cancel::always));
    }
}

CONNECTION_TEST_CASE("receive yields http.disconnect when the client leaves, and goes on yielding it") {
    for (how way : {how::fin, how::reset}) {
        std::string types;
        auto app = [&](const scope&, receiver& receive, sender&) -> coro<> {
            for (int i = 0; i < 4; ++i) types += std::string((co_await receive()).type()) + " ";
        };
        with_server(app, [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(post("/", "abc"));
            co_await until([&] { return has(types, "http.request"); });
            leave(client, way);
            co_await server.gone();
        });
        CHECK(types == "http.request http.disconnect http.disconnect http.disconnect ");
    }
}

CONNECTION_TEST_CASE("a client that leaves in the middle of its content yields http.disconnect, half_close or not") {
    for (bool half_close : {false, true}) {
        std::string types;
        auto app = [&](const scope&, receiver& receive, sender&) -> coro<> {
            for (int i = 0; i < 2; ++i) types += std::string((co_await receive()).type()) + " ";
        };
        with_server(app,
                    [&](test_server& server) -> coro<> {
                        raw_client client = server.connect();
                        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
                        client.send_fin();
                        co_await server.gone();
                    },
                    {.options = {.half_close = half_close}});
        CHECK(types == "http.request http.disconnect ");
    }
}

CONNECTION_TEST_CASE("a client is told with one cancellation only, whatever is noticed of its leaving") {
    int cancellations = 0;
    const std::string large(10'000'000, 'x');
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        try {
            co_await send(http_response_body(large, true));
        } catch (const cancelled_error&) {
            ++cancellations;
        }
        for (int i = 0; i < 300; ++i) {
            try {
                co_await sleep(std::chrono::nanoseconds(0));
            } catch (const cancelled_error&) {
                ++cancellations;
            }
        }
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        client.send(get("/"));
        co_await settle();
        client.abort();
        co_await server.gone();
    });
    CHECK(cancellations == 1);
}

CONNECTION_TEST_CASE("with half_close a client that sent FIN still gets its responses") {
    auto app = [](const scope& s, receiver&, sender& send) -> coro<> {
        co_await sleep(std::chrono::seconds(1));
        co_await send(http_response_start(200));
        co_await send(http_response_body(s.path));
    };
    with_server(app,
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    client.send(get("/1") + get("/2"));
                    client.send_fin();
                    for (int number : {1, 2}) {
                        co_await server.begun(number);
                        server.advance(std::chrono::seconds(1));
                        const std::string response = co_await client.response();
                        CHECK(body_of(response) == "/" + std::to_string(number));
                    }
                    const std::string rest = co_await client.read_rest();
                    CHECK(rest == "");
                },
                {.options = {.half_close = true}});
}

CONNECTION_TEST_CASE(
    "a client that sent FIN behind its request gets the response when nothing waits, and the end at once") {
    with_server(answers(std::string(1'000'000, 'x')), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/"));
        client.send_fin();
        const std::string response = co_await client.read_rest();
        CHECK(body_of(response).size() == 1'000'000);
        co_await server.gone();
    });
}

CONNECTION_TEST_CASE("send raises client_disconnected after the client left, and the server swallows it") {
    for (bool streams : {false, true}) {
        log_capture log;
        int raised = 0;
        auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            co_await send(http_response_body("first", true));
            for (;;) {
                receive_message message = co_await receive();
                if (message.as<http_disconnect>()) break;
            }
            try {
                co_await send(http_response_body("second", streams));
            } catch (const client_disconnected&) {
                ++raised;
                throw;
            }
        };
        with_server(app, [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(post("/", ""));
            co_await client.read_to("first");
            client.abort();
            co_await server.gone();
        });
        CHECK(raised == 1);
        CHECK(log.text() == "");
    }
}

CONNECTION_TEST_CASE("a send that finds out that the client left raises, and a receive that waits is told") {
    log_capture log;
    std::string events;
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        auto listen = [&]() -> coro<> {
            for (;;) {
                receive_message message = co_await receive();
                if (message.as<http_disconnect>()) break;
            }
            events += "told ";
        };
        task<> listening = create_task(listen(), {.eager_start = true});
        co_await send(http_response_start(200));
        try {
            for (;;) co_await send(http_response_body("a piece of a body without an end", true));
        } catch (const client_disconnected&) {
            events += "raised ";
        }
        co_await listening;
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(post("/", ""));
        client.abort();
        co_await server.gone();
    });
    CHECK((events == "raised told " || events == "told raised "));
    CHECK(log.text() == "");
}

CONNECTION_TEST_CASE("a pending send ends when the client leaves") {
    const std::string large(10'000'000, 'x');
    int after = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body(large, true));
        ++after;
        co_await send(http_response_body(large, true));
        ++after;
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        client.send(post("/", ""));
        co_await client.read_to("HTTP/1.1");
        client.abort();
        co_await server.gone();
    });
    CHECK(after == 1);
}

CONNECTION_TEST_CASE(
    "what comes out of an application after its client left is logged only if leaving is not its reason") {
    log_capture log;
    auto app = [&](const scope&, receiver& receive, sender&) -> coro<> {
        receive_message message = co_await receive();
        while (!message.as<http_disconnect>()) message = co_await receive();
        throw std::logic_error("a mistake");
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(post("/there", ""));
        co_await settle();
        client.close();
        co_await server.gone();
    });
    CHECK(log.count("Exception in ASGI application: std::logic_error: a mistake (POST /there)") == 1);
}

CONNECTION_TEST_CASE("a thousand clients that leave while their requests wait leave nothing behind") {
    int cancelled = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        try {
            co_await sleep(std::chrono::seconds(10));
        } catch (const cancelled_error&) {
            ++cancelled;
            throw;
        }
        co_await send(http_response_start(200));
        co_await send(http_response_body("x"));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        for (int round = 0; round < 10; ++round) {
            std::vector<raw_client> clients;
            for (int i = 0; i < 100; ++i) {
                clients.push_back(server.connect());
                clients.back().send(get("/"));
            }
            co_await settle();
            for (std::size_t i = 0; i < clients.size(); ++i) leave(clients[i], i % 2 ? how::fin : how::reset);
            co_await server.gone();
        }
    });
    CHECK(cancelled == 1'000);
}
