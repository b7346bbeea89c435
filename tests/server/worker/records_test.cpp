// What a request leaves in the access log and on the scoreboard.
#include "server/supervision/memory_file.hpp"
#include "server/supervision/scoreboard_reader.hpp"
#include "server/worker/access_log.hpp"
#include "tests/support/log_capture.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_server.hpp"

#include <doctest/doctest.h>

using namespace girin;
using namespace girin::test;

namespace {

application by_path(std::string large = "") {
    return [large](const scope& s, receiver& receive, sender& send) -> coro<> {
        if (s.path == "/raise") throw std::runtime_error("a mistake");
        if (s.path == "/read")
            for (;;) {
                receive_message message = co_await receive();
                if (message.as<http_disconnect>()) co_return;
            }
        if (s.path == "/wait") co_await sleep(std::chrono::seconds(1));
        co_await send(http_response_start(s.path == "/none" ? 204 : 200).header("content-type", "text/plain"));
        if (s.path == "/stream") co_await send(http_response_body("abc", true));
        co_await send(http_response_body(s.path == "/none" ? "" : "hello"));
    };
}

// The lines that these requests leave in the log.
template <class Requests>
std::string logged(const std::string& format, Requests requests, server_setup setup = {}) {
    log_capture errors;
    scratch_folder folder;
    const std::string file = folder.path("access");
    with_server(
        by_path(),
        [&](test_server& server) -> coro<> {
            worker::access_log log(file, format);
            server.service.access = &log;
            co_await requests(server);
            co_await server.stop();
            server.service.access = nullptr;
            log.flush();
        },
        setup);
    return read_file(file);
}

std::string logged(const std::string& format, std::vector<std::string> requests) {
    return logged(format, [&](test_server& server) -> coro<> {
        for (const std::string& request : requests) {
            raw_client client = server.connect();
            client.send(request);
            client.send_fin();
            co_await client.read_rest();
        }
    });
}

}  // namespace

CONNECTION_TEST_CASE("a request leaves its line: client, request line, status, bytes, fields") {
    const std::string line = logged(R"(%(h)s "%(r)s" %(m)s %(U)s %(q)s %(s)s %(B)s "%(f)s" "%(a)s")",
                                    {get("/a%20b?c=d", "Referer: here\r\nUser-Agent: curl\r\n")});
    CHECK(line == "127.0.0.1 \"GET /a%20b?c=d HTTP/1.1\" GET /a%20b c=d 200 5 \"here\" \"curl\"\n");
}

CONNECTION_TEST_CASE("a line counts the content that was sent, and only that") {
    CHECK(logged("%(r)s %(s)s %(B)s", {get("/stream"), "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n", get("/none"),
                                       get("/raise"), "GET / HTTP/1.0\r\n\r\n"}) ==
          "GET /stream HTTP/1.1 200 8\nHEAD / HTTP/1.1 200 0\nGET /none HTTP/1.1 204 0\nGET /raise HTTP/1.1 500 21\n"
          "GET / HTTP/1.0 200 5\n");
}

CONNECTION_TEST_CASE("a line has the status that the server put in the application's place") {
    const std::string line = logged("%(s)s %(B)s", [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST /read HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n");
        co_await client.read_rest();
    });
    CHECK(line.starts_with("400 "));
}

CONNECTION_TEST_CASE("a line has the fields of the response") {
    CHECK(logged("%({content-type}o)s %({x-none}o)s", {get("/")}) == "text/plain -\n");
}

CONNECTION_TEST_CASE("a client that left before the response leaves a line with nginx's 499") {
    const std::string line = logged("%(r)s %(s)s %(B)s", [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(get("/wait"));
        co_await settle();
        client.close();
        co_await server.gone();
    });
    CHECK(line == "GET /wait HTTP/1.1 499 0\n");
}

CONNECTION_TEST_CASE("the lines of one turn are written with one write") {
    scratch_folder folder;
    const std::string file = folder.path("access");
    with_server(by_path(), [&](test_server& server) -> coro<> {
        worker::access_log log(file, "%(U)s");
        server.service.access = &log;
        raw_client client = server.connect();
        client.send(get("/1") + get("/2") + get("/3"));
        co_await client.response();
        co_await settle();
        CHECK(read_file(file) == "/1\n/2\n/3\n");
        server.service.access = nullptr;
    });
}

CONNECTION_TEST_CASE("the scoreboard counts connections and requests, and shows the requests in flight") {
    using namespace girin::supervision;
    const unique_fd memory = create_memory_file("scoreboard", scoreboard_file_bytes);
    scoreboard_writer writer(memory.get(), 0, 1);
    const scoreboard_reader board(memory.get());
    with_server(by_path(), [&](test_server& server) -> coro<> {
        server.service.scoreboard = &writer;
        raw_client client = server.connect();
        raw_client other = server.connect();
        CHECK(board.connections() == 2);
        client.send(get("/wait?a=b"));
        co_await server.begun(1);
        other.send(get("/"));
        co_await other.response();
        co_await until([&] { return board.in_flight(clock::now()).size() == 1; });
        CHECK(board.in_flight(clock::now())[0].line == "GET /wait?a=b");
        CHECK(board.requests() == 2);
        server.advance(std::chrono::seconds(1));
        co_await client.response();
        co_await until([&] { return board.in_flight(clock::now()).empty(); });
        client.close();
        other.close();
        co_await server.gone();
        CHECK(board.connections() == 0);
        CHECK(board.accepted() == 2);
        server.service.scoreboard = nullptr;
    });
}
