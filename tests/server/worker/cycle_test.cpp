// One request and the application's run on it: what the contract promises to an application, and what becomes of its
// mistakes.
#include "tests/support/log_capture.hpp"
#include "tests/support/test_server.hpp"

#include <girin/exceptions.hpp>
#include <girin/gather.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>

using namespace girin;
using namespace girin::test;
using std::chrono::milliseconds;

namespace {

// What the client gets for a GET, up to the end of the connection if `to_end`.
std::string answer_of(application app, bool to_end = false, const std::string& request = get("/there")) {
    std::string answer;
    with_server(std::move(app), [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(request);
        if (to_end)
            answer = co_await client.read_rest();
        else
            answer = co_await client.response();
    });
    return answer;
}

// The message of the asgi_error that sending it raises; nothing when it raises none.
template <class Message>
coro<std::string> refusal(sender& send, Message message) {
    try {
        co_await send(message);
    } catch (const asgi_error& e) {
        co_return e.what();
    }
    co_return "";
}

}  // namespace

CONNECTION_TEST_CASE("an application that raises before its response gets its client a 500, and the reason is logged") {
    log_capture log;
    const std::string answer = answer_of([](const scope&, receiver&, sender&) -> coro<> {
        throw std::runtime_error("a\nmistake");
        co_return;
    });
    CHECK(status_of(answer) == 500);
    CHECK(body_of(answer) == "Internal Server Error");
    CHECK_FALSE(has(answer, "connection: close\r\n"));
    CHECK(log.count("[ERROR] Exception in ASGI application: std::runtime_error: a\\x0amistake (GET /there)") == 1);
}

CONNECTION_TEST_CASE("an application that raises behind a start that is still held gets its client a 500") {
    log_capture log;
    const std::string answer = answer_of([](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200).header("x-never", "seen"));
        throw std::runtime_error("a mistake");
    });
    CHECK(status_of(answer) == 500);
    CHECK_FALSE(has(answer, "x-never"));
}

CONNECTION_TEST_CASE("an application that raises in the middle of its response tears it") {
    log_capture log;
    const std::string answer = answer_of(
        [](const scope&, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            co_await send(http_response_body("part", true));
            throw std::runtime_error("a mistake");
        },
        true);
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer) == "4\r\npart\r\n");
    CHECK(log.count("Exception in ASGI application: std::runtime_error: a mistake (GET /there), raised in ") == 1);
    CHECK(log.count("cycle_test.cpp:") == 1);
}

CONNECTION_TEST_CASE("an application that raises after its response has had it answered") {
    log_capture log;
    const std::string answer = answer_of([](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body("whole"));
        throw std::runtime_error("a mistake");
    });
    CHECK(body_of(answer) == "whole");
    CHECK(log.count("Exception in ASGI application: std::runtime_error: a mistake (GET /there)") == 1);
}

CONNECTION_TEST_CASE("an application that raises before it is a coroutine, or is none, is answered with 500") {
    log_capture log;
    struct refuses {
        GIRIN_CORO_WRAPPER coro<> operator()(const scope& s, receiver&, sender&) const {
            if (s.path == "/there") throw std::runtime_error("no coroutine");
            return coro<>();
        }
    };
    CHECK(status_of(answer_of(refuses())) == 500);
    CHECK(status_of(answer_of(refuses(), false, get("/elsewhere"))) == 500);
    CHECK(log.count("std::runtime_error: no coroutine (GET /there)") == 1);
    CHECK(log.count("Expected a coroutine from the application, but got nothing. (GET /elsewhere)") == 1);
}

CONNECTION_TEST_CASE("an application that raises something that is no std::exception is logged by its type") {
    log_capture log;
    const std::string answer = answer_of(
        [](const scope&, receiver&, sender&) -> coro<> {
            throw 42;
            co_return;
        },
        false);
    CHECK(status_of(answer) == 500);
    CHECK(log.count("Exception in ASGI application: int (GET /there)") == 1);
}

CONNECTION_TEST_CASE("an application that returns without a response gets its client a 500") {
    log_capture log;
    const std::string answer = answer_of([](const scope&, receiver&, sender&) -> coro<> { co_return; });
    CHECK(status_of(answer) == 500);
    CHECK(log.count("[ERROR] ASGI callable returned without starting response. (GET /there)") == 1);
}

CONNECTION_TEST_CASE("an application that returns in the middle of its response tears it") {
    log_capture log;
    const std::string answer = answer_of(
        [](const scope&, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            co_await send(http_response_body("part", true));
        },
        true);
    CHECK(body_of(answer) == "4\r\npart\r\n");
    CHECK(log.count("[ERROR] ASGI callable returned without completing response. (GET /there)") == 1);
}

CONNECTION_TEST_CASE("messages out of order raise out of send, and nothing of them is on the wire") {
    std::vector<std::string> refusals;
    const std::string answer = answer_of([&](const scope&, receiver&, sender& send) -> coro<> {
        refusals.push_back(co_await refusal(send, http_response_body("too early")));
        co_await send(http_response_start(200));
        refusals.push_back(co_await refusal(send, http_response_start(201)));
        co_await send(http_response_body("right"));
        refusals.push_back(co_await refusal(send, http_response_body("too late")));
        refusals.push_back(co_await refusal(send, http_response_start(202)));
        refusals.push_back(co_await refusal(send, websocket_accept()));
        refusals.push_back(co_await refusal(send, lifespan_startup_complete()));
    });
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer) == "right");
    REQUIRE(refusals.size() == 6);
    CHECK(refusals[0] == "Expected ASGI message 'http.response.start', but got 'http.response.body'.");
    CHECK(refusals[1] == "Expected ASGI message 'http.response.body', but got 'http.response.start'.");
    CHECK(refusals[2] == "Unexpected ASGI message 'http.response.body' sent, after response already completed.");
    CHECK(refusals[3] == "Unexpected ASGI message 'http.response.start' sent, after response already completed.");
    CHECK(refusals[4] == "Unexpected ASGI message 'websocket.accept' on an http connection.");
    CHECK(refusals[5] == "Unexpected ASGI message 'lifespan.startup.complete' on an http connection.");
}

CONNECTION_TEST_CASE("an unknown status and a forbidden header raise out of send, and nothing of them is on the wire") {
    std::vector<std::string> refusals;
    const std::string answer = answer_of([&](const scope&, receiver&, sender& send) -> coro<> {
        refusals.push_back(co_await refusal(send, http_response_start(99)));
        refusals.push_back(co_await refusal(send, http_response_start(101)));
        refusals.push_back(co_await refusal(send, http_response_start(1000)));
        refusals.push_back(co_await refusal(send, http_response_start(200).header("x-bad", "a\r\nset-cookie: b")));
        refusals.push_back(co_await refusal(send, http_response_start(200).header("x-bad", "a\nb")));
        refusals.push_back(co_await refusal(send, http_response_start(200).header("bad name", "a")));
        refusals.push_back(co_await refusal(send, http_response_start(200).header("", "a")));
        refusals.push_back(co_await refusal(send, http_response_start(200).header("content-length", "five")));
        co_await send(http_response_start(200));
        co_await send(http_response_body("right"));
    });
    CHECK(answer.find("HTTP/1.1 200 OK\r\ndate: ") == 0);
    CHECK(body_of(answer) == "right");
    CHECK_FALSE(has(answer, "bad"));
    for (const std::string& refused : refusals) CHECK(refused.starts_with("Invalid "));
}

CONNECTION_TEST_CASE("content longer or shorter than its Content-Length raises, and the response is torn") {
    for (const char* body : {"longer", "four"}) {
        log_capture log;
        const std::string answer = answer_of(
            [&](const scope&, receiver&, sender& send) -> coro<> {
                co_await send(http_response_start(200).header("content-length", "5"));
                co_await send(http_response_body(body));
            },
            true);
        CHECK(status_of(answer) == 500);
        CHECK(log.count("Exception in ASGI application: girin::asgi_error: Response content") == 1);
    }
}

CONNECTION_TEST_CASE("receive yields http.disconnect once the response is complete") {
    std::string types;
    const std::string answer = answer_of([&](const scope&, receiver& receive, sender& send) -> coro<> {
        types += std::string((co_await receive()).type()) + " ";
        co_await send(http_response_start(200));
        co_await send(http_response_body("x"));
        types += std::string((co_await receive()).type()) + " ";
        types += std::string((co_await receive()).type()) + " ";
    });
    CHECK(types == "http.request http.disconnect http.disconnect ");
    CHECK(status_of(answer) == 200);
}

CONNECTION_TEST_CASE(
    "a receive that waits yields http.disconnect when the response completes, in the first step or later") {
    for (bool later : {false, true}) {
        std::string types;
        const std::string answer = answer_of([&](const scope&, receiver& receive, sender& send) -> coro<> {
            auto listen = [&]() -> coro<> {
                while (!has(types, "disconnect")) types += std::string((co_await receive()).type()) + " ";
            };
            task<> listening = create_task(listen(), {.eager_start = true});
            if (later) co_await sleep(milliseconds(0));
            co_await send(http_response_start(200));
            co_await send(http_response_body("x"));
            co_await listening;
        });
        CHECK(types == "http.request http.disconnect ");
        CHECK(status_of(answer) == 200);
    }
}

CONNECTION_TEST_CASE("a second send or receive while one waits raises, and the first goes on") {
    const std::string large(3'000'000, 'x');
    std::string second_send;
    std::string second_receive;
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        auto first_send = [&]() -> coro<> { co_await send(http_response_body(large, true)); };
        auto first_receive = [&]() -> coro<> {
            for (;;) {
                receive_message message = co_await receive();
                if (message.as<http_disconnect>()) break;
            }
        };
        co_await send(http_response_start(200));
        task<> sending = create_task(first_send(), {.eager_start = true});
        task<> receiving = create_task(first_receive(), {.eager_start = true});
        second_send = co_await refusal(send, http_response_body("between"));
        try {
            co_await receive();
        } catch (const asgi_error& e) {
            second_receive = e.what();
        }
        co_await sending;
        co_await send(http_response_body("last"));
        co_await receiving;
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        client.send(get("/"));
        co_await settle();
        const std::string response = co_await client.response();
        CHECK_FALSE(has(response, "between"));
        CHECK(response.ends_with("x\r\n4\r\nlast\r\n0\r\n\r\n"));
    });
    CHECK(second_send == "Expected one send at a time, but another is under way.");
    CHECK(second_receive == "Expected one receive at a time, but another is waiting.");
}

CONNECTION_TEST_CASE("a receive that has its message but has not resumed still waits") {
    std::string received;
    bool refused = false;
    auto app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        auto first_receive = [&]() -> coro<> { received = (co_await receive()).as<http_request>()->body; };
        task<> receiving = create_task(first_receive(), {.eager_start = true});
        while (!receiving.done()) {
            co_await sleep(milliseconds(0));
            if (!received.empty()) break;
            try {
                co_await receive();
                received = "taken by the second";
            } catch (const asgi_error&) {
                refused = true;
            }
        }
        co_await receiving;
        co_await send(http_response_start(200));
        co_await send(http_response_body("x"));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n");
        co_await server.begun(1);
        client.send("abc");
        const std::string response = co_await client.response();
        CHECK(body_of(response) == "x");
    });
    CHECK(received == "abc");
    CHECK(refused);
}

CONNECTION_TEST_CASE("each request is a task of its own, and all of its application runs in it") {
    std::vector<any_task> seen;
    with_server(
        [&](const scope&, receiver&, sender& send) -> coro<> {
            seen.push_back(current_task());
            co_await sleep(milliseconds(0));
            seen.push_back(current_task());
            co_await send(http_response_start(200));
            co_await send(http_response_body("x"));
        },
        [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(get("/1") + get("/2"));
            co_await client.response();
            co_await client.response();
            REQUIRE(seen.size() == 4);
            CHECK(seen[0] == seen[1]);
            CHECK(seen[2] == seen[3]);
            CHECK_FALSE(seen[0] == seen[2]);
            CHECK(seen[0].get_name().starts_with("Task-"));
            seen.clear();
        });
}

CONNECTION_TEST_CASE("a task handle that is kept beyond its request is done and can do no harm") {
    std::vector<any_task> kept;
    with_server(
        [&](const scope& s, receiver&, sender& send) -> coro<> {
            kept.push_back(current_task());
            if (s.path == "/later") co_await sleep(milliseconds(0));
            co_await send(http_response_start(200));
            co_await send(http_response_body("x"));
        },
        [&](test_server& server) -> coro<> {
            {
                raw_client client = server.connect();
                client.send(get("/") + get("/later"));
                co_await client.response();
                co_await client.response();
            }
            co_await server.gone();
            REQUIRE(kept.size() == 2);
            for (const any_task& task : kept) {
                CHECK(task.done());
                CHECK_FALSE(task.cancel());
            }
            kept.clear();
        });
}

CONNECTION_TEST_CASE("a timeout of the application's own cancels what it waits for, and the request goes on") {
    with_server(
        [](const scope&, receiver&, sender& send) -> coro<> {
            bool timed_out = false;
            try {
                co_await timeout(milliseconds(50), []() -> coro<> { co_await sleep(std::chrono::hours(1)); });
            } catch (const timeout_error&) {
                timed_out = true;
            }
            co_await send(http_response_start(timed_out ? 504 : 200));
            co_await send(http_response_body());
        },
        [](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send(get("/"));
            co_await server.begun(1);
            co_await server.advance_and_settle(milliseconds(50));
            const std::string response = co_await client.response();
            CHECK(status_of(response) == 504);
        });
}

CONNECTION_TEST_CASE("content that comes in the turn in which a timeout around receive ends is not lost") {
    for (const bool all_at_once : {false, true}) {
        std::string content;
        with_server(
            [&](const scope&, receiver& receive, sender& send) -> coro<> {
                for (bool more = true; more;) {
                    try {
                        co_await timeout(milliseconds(50), [&]() -> coro<> {
                            receive_message message = co_await receive();
                            content += message.as<http_request>()->body;
                            more = message.as<http_request>()->more_body;
                        });
                    } catch (const timeout_error&) {
                    }
                }
                co_await send(http_response_start(200));
                co_await send(http_response_body(content));
            },
            [&](test_server& server) -> coro<> {
                raw_client client = server.connect();
                client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\n");
                co_await server.begun(1);
                co_await settle();
                client.send(all_at_once ? "abcdef" : "abc");
                server.advance(milliseconds(50));
                co_await settle();
                if (!all_at_once) client.send("def");
                const std::string response = co_await client.response();
                CHECK(body_of(response) == "abcdef");
            });
    }
}

CONNECTION_TEST_CASE("a send that a timeout ends tells whoever listens that the client is gone") {
    bool heard = false;
    with_server(
        [&](const scope&, receiver& receive, sender& send) -> coro<> {
            auto listen = [&]() -> coro<> {
                while (!(co_await receive()).as<http_disconnect>()) {
                }
                heard = true;
            };
            task<> listening = create_task(listen(), {.eager_start = true});
            const std::string large(3'000'000, 'x');
            co_await send(http_response_start(200));
            try {
                co_await timeout(milliseconds(50), [&]() -> coro<> { co_await send(http_response_body(large, true)); });
            } catch (const timeout_error&) {
            }
            co_await listening;
        },
        [&](test_server& server) -> coro<> {
            raw_client client = server.connect_narrow();
            client.send(get("/"));
            co_await server.begun(1);
            co_await server.advance_and_settle(milliseconds(50));
            co_await until([&] { return heard; }, "the listener hears of it");
            co_await server.gone();
        });
}

CONNECTION_TEST_CASE("a timeout around receive leaves the content for the next receive") {
    std::string content;
    with_server(
        [&](const scope&, receiver& receive, sender& send) -> coro<> {
            int timeouts = 0;
            for (bool more = true; more;) {
                try {
                    co_await timeout(milliseconds(50), [&]() -> coro<> {
                        receive_message message = co_await receive();
                        content += message.as<http_request>()->body;
                        more = message.as<http_request>()->more_body;
                    });
                } catch (const timeout_error&) {
                    ++timeouts;
                }
            }
            co_await send(http_response_start(200));
            const std::string text = content + " " + std::to_string(timeouts);
            co_await send(http_response_body(text));
        },
        [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\n");
            co_await server.begun(1);
            co_await server.advance_and_settle(milliseconds(50));
            client.send("abc");
            co_await until([&] { return content == "abc"; });
            co_await server.advance_and_settle(milliseconds(50));
            client.send("def");
            const std::string response = co_await client.response();
            CHECK(body_of(response) == "abcdef 2");
        });
}

CONNECTION_TEST_CASE("a timeout around a send that waits tears the response") {
    const std::string large(3'000'000, 'x');
    std::string events;
    with_server(
        [&](const scope&, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            try {
                co_await timeout(milliseconds(50), [&]() -> coro<> { co_await send(http_response_body(large, true)); });
            } catch (const timeout_error&) {
                events += "timed out ";
            }
            co_await sleep(milliseconds(0));
            events += "went on ";
            try {
                co_await send(http_response_body("last"));
            } catch (const client_disconnected&) {
                events += "disconnected";
            }
        },
        [](test_server& server) -> coro<> {
            raw_client client = server.connect_narrow();
            client.send(get("/"));
            co_await server.begun(1);
            co_await server.advance_and_settle(milliseconds(50));
            const std::string response = co_await client.read_rest();
            CHECK_FALSE(has(response, "last"));
        });
    CHECK(events == "timed out went on disconnected");
}

CONNECTION_TEST_CASE("an application may cancel its own task: its client gets a 500") {
    log_capture log;
    const std::string answer = answer_of(
        [](const scope&, receiver&, sender&) -> coro<> {
            current_task().cancel("enough");
            co_await sleep(milliseconds(0));
        },
        false);
    CHECK(status_of(answer) == 500);
    CHECK(log.count("girin::cancelled_error: enough (GET /there)") == 1);
}

CONNECTION_TEST_CASE("the scope has the state and the executor of the worker") {
    std::string seen;
    lifespan_state state;
    state.put(std::string("made at start-up"));
    with_server(
        [&](const scope& s, receiver&, sender& send) -> coro<> {
            seen = *s.state->get<std::string>();
            co_await send(http_response_start(200));
            co_await send(http_response_body());
        },
        [&](test_server& server) -> coro<> {
            server.service.state = &state;
            raw_client client = server.connect();
            client.send(get("/"));
            co_await client.response();
        });
    CHECK(seen == "made at start-up");
}

CONNECTION_TEST_CASE("receive yields http.disconnect behind the response, also where nothing was received before it") {
    std::string types;
    auto app = [&](const scope& s, receiver& receive, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body(s.path));
        types += std::string((co_await receive()).type()) + " ";
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/1") + get("/2"));
        for (const char* path : {"/1", "/2"}) {
            const std::string response = co_await client.response();
            CHECK(body_of(response) == path);
        }
        client.send(post("/3", "abc"));
        const std::string response = co_await client.response();
        CHECK(body_of(response) == "/3");
    });
    CHECK(types == "http.disconnect http.disconnect http.disconnect ");
}
