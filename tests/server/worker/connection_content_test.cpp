// The content of requests and responses on one connection: streaming, backpressure, 100-continue, what is left unread.
#include "tests/support/test_server.hpp"

#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>

using namespace girin;
using namespace girin::test;

namespace {

// Reads the whole content, and answers with its size and a sum of its bytes.
coro<> count_content(const scope&, receiver& receive, sender& send) {
    std::uint64_t size = 0;
    std::uint64_t sum = 0;
    for (bool more = true; more;) {
        receive_message message = co_await receive();
        const auto* piece = message.as<http_request>();
        if (!piece) co_return;
        size += piece->body.size();
        for (char c : piece->body) sum += static_cast<unsigned char>(c);
        more = piece->more_body;
    }
    co_await send(http_response_start(200));
    const std::string text = std::to_string(size) + " " + std::to_string(sum);
    co_await send(http_response_body(text));
}

coro<> echo(const scope&, receiver& receive, sender& send) {
    co_await send(http_response_start(200));
    for (bool more = true; more;) {
        receive_message message = co_await receive();
        const auto* piece = message.as<http_request>();
        if (!piece) co_return;
        more = piece->more_body;
        co_await send(http_response_body(piece->body, more));
    }
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26 + i / 4096 % 3);
    return text;
}

std::string sum_of(const std::string& text) {
    std::uint64_t sum = 0;
    for (char c : text) sum += static_cast<unsigned char>(c);
    return std::to_string(text.size()) + " " + std::to_string(sum);
}

std::string chunked(const std::string& body, std::size_t piece) {
    std::string text;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::string part = body.substr(at, piece);
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", part.size());
        text += size + part + "\r\n";
    }
    return text + "0\r\n\r\n";
}

// The body of a chunked response, put together.
std::string joined(std::string_view chunks) {
    std::string body;
    for (;;) {
        const std::size_t size = std::strtoul(chunks.data(), nullptr, 16);
        chunks.remove_prefix(chunks.find("\r\n") + 2);
        if (size == 0) return body;
        body += chunks.substr(0, size);
        chunks.remove_prefix(size + 2);
    }
}

std::size_t resident_bytes() {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    std::size_t all = 0;
    std::size_t resident = 0;
    REQUIRE(std::fscanf(file, "%zu %zu", &all, &resident) == 2);
    std::fclose(file);
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

CONNECTION_TEST_CASE("content with a length is received whole, however large it is beside the buffers") {
    with_server(count_content, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        for (std::size_t size :
             {std::size_t{1}, std::size_t{4'000}, std::size_t{4'096}, std::size_t{70'000}, std::size_t{5'000'000}}) {
            const std::string body = pattern(size);
            const std::string request = post("/", body);
            task<> sending = create_task(client.send_all(request));
            const std::string response = co_await client.response();
            CHECK(body_of(response) == sum_of(body));
            co_await sending;
        }
    });
}

CONNECTION_TEST_CASE("content that there is no room for while the application waits is there when it asks for it") {
    auto app = [](const scope& s, receiver& receive, sender& send) -> coro<> {
        co_await sleep(std::chrono::seconds(1));
        co_await count_content(s, receive, send);
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        const std::string content = pattern(1'000'000);
        const std::string request = post("/", content);
        for (int i = 1; i <= 3; ++i) {
            task<> sending = create_task(client.send_all(request), {.eager_start = true});
            co_await server.begun(i);
            co_await server.advance_and_settle(std::chrono::seconds(1));
            const std::string response = co_await client.response();
            CHECK(body_of(response) == sum_of(content));
            co_await sending;
        }
    });
}

CONNECTION_TEST_CASE("chunked content is received whole") {
    with_server(count_content, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        const std::string body = pattern(300'000);
        for (std::size_t piece : {std::size_t{100'000}, std::size_t{7}, std::size_t{65'536}}) {
            const std::string request =
                "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, piece);
            task<> sending = create_task(client.send_all(request));
            const std::string response = co_await client.response();
            CHECK_MESSAGE(body_of(response) == sum_of(body), piece, response);
            co_await sending;
        }
    });
}

CONNECTION_TEST_CASE("content is streamed through, chunked both ways") {
    with_server(echo, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        const std::string body = pattern(400'000);
        const std::string request =
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 5'000);
        task<> sending = create_task(client.send_all(request));
        const std::string response = co_await client.response();
        CHECK(joined(body_of(response)) == body);
        co_await sending;
    });
}

CONNECTION_TEST_CASE("behind a head that fills its buffer, content and trailers still have room") {
    with_server(count_content, [](test_server& server) -> coro<> {
        for (std::size_t fill = 65'300; fill <= 65'520; fill += 20) {
            raw_client client = server.connect();
            std::string head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n";
            while (head.size() < fill)
                head += "X-Fill: " + std::string(std::min<std::size_t>(8'000, fill - head.size()), 'f') + "\r\n";
            head.resize(std::min<std::size_t>(head.size(), 65'500));
            head.replace(head.size() - 2, 2, "\r\n");
            head += "\r\n";
            const std::string body = pattern(100'000);
            std::string content = chunked(body, 999);
            content.resize(content.size() - 2);
            for (int i = 0; i < 20; ++i) content += "X-Trailer: " + std::string(300, 't') + "\r\n";
            content += "\r\n";
            const std::string request = head + content;
            task<> sending = create_task(client.send_all(request));
            const std::string response = co_await client.response();
            CHECK(body_of(response) == sum_of(body));
            co_await sending;
        }
    });
}

CONNECTION_TEST_CASE("100 Continue is sent when the application first calls receive, and once") {
    auto app = [](const scope& s, receiver& receive, sender& send) -> coro<> {
        co_await sleep(std::chrono::seconds(1));
        co_await count_content(s, receive, send);
    };
    with_server(app, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
        co_await server.begun(1);
        co_await settle();
        CHECK(client.look().empty());
        server.advance(std::chrono::seconds(1));
        const std::string interim = co_await client.read_to("\r\n\r\n");
        CHECK(interim == "HTTP/1.1 100 Continue\r\n\r\n");
        client.send("abc");
        co_await settle();
        client.send("def");
        const std::string response = co_await client.response();
        CHECK(body_of(response) == sum_of("abcdef"));
        CHECK_FALSE(has(response, "connection: close"));
    });
}

CONNECTION_TEST_CASE(
    "100 Continue is not sent when the application never calls receive, and the connection is closed at once") {
    with_server(answers("no"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n");
        const std::string response = co_await client.read_rest();
        CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(has(response, "connection: close\r\n"));
    });
}

CONNECTION_TEST_CASE("100 Continue is not sent when the content came without waiting for it") {
    with_server(count_content, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send(post("/", "abcdef", "Expect: 100-continue\r\n"));
        const std::string response = co_await client.response();
        CHECK(status_of(response) == 200);
    });
}

CONNECTION_TEST_CASE("a piece with more behind it is with the kernel before send returns") {
    std::optional<raw_client> client;
    int pieces = 0;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        for (const char* piece : {"one", "two", "three"}) {
            co_await send(http_response_body(piece, true));
            pieces += has(client->look(), piece);
        }
        co_await send(http_response_body());
    };
    with_server(app, [&](test_server& server) -> coro<> {
        client.emplace(server.connect());
        client->send(get("/"));
        co_await client->response();
        CHECK(pieces == 3);
        client.reset();
    });
}

CONNECTION_TEST_CASE("a last body is held until the application returns or suspends") {
    std::optional<raw_client> client;
    bool early = true;
    bool at_wait = false;
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body("last"));
        early = !client->look().empty();
        co_await sleep(std::chrono::seconds(1));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        client.emplace(server.connect());
        client->send(get("/"));
        const std::string response = co_await client->response();
        at_wait = body_of(response) == "last";
        CHECK_FALSE(early);
        CHECK(at_wait);
        server.advance(std::chrono::seconds(1));
        client.reset();
    });
}

CONNECTION_TEST_CASE("pipelined responses leave when 64 KiB of them wait") {
    with_server(answers(std::string(10'000, 'x')), [](test_server& server) -> coro<> {
        raw_client client = server.connect_by_packets();
        std::string requests;
        for (int i = 0; i < 20; ++i) requests += get("/");
        client.send(requests);
        std::string all;
        std::size_t largest = 0;
        while (all.size() < 20 * 10'000) {
            const std::size_t before = client.received().size();
            co_await client.read_piece();
            largest = std::max(largest, client.received().size() - before);
            all = client.received();
        }
        CHECK(largest < 65'536 + 11'000);
    });
}

CONNECTION_TEST_CASE("a body that does not fit in the kernel's buffer arrives whole") {
    const std::string body = pattern(3'000'000);
    for (bool suspends_before : {false, true}) {
        auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
            co_await send(http_response_start(200));
            if (suspends_before) co_await sleep(std::chrono::nanoseconds(0));
            co_await send(http_response_body(body));
        };
        with_server(app, [&](test_server& server) -> coro<> {
            raw_client client = server.connect_narrow();
            client.send(get("/"));
            co_await settle();
            const std::string response = co_await client.response();
            CHECK(body_of(response) == body);
        });
    }
}

CONNECTION_TEST_CASE("a large piece with more behind it arrives whole, from the first step on") {
    const std::string body = pattern(1'000'000);
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        co_await send(http_response_body(body, true));
        co_await send(http_response_body(body, false));
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        client.send(get("/"));
        co_await settle();
        const std::string response = co_await client.response();
        CHECK(joined(body_of(response)) == body + body);
    });
}

CONNECTION_TEST_CASE("send waits while the client reads nothing, and memory stays bounded") {
    constexpr std::size_t all = 64 << 20;
    std::size_t sent = 0;
    const std::string piece = pattern(65'536);
    auto app = [&](const scope&, receiver&, sender& send) -> coro<> {
        co_await send(http_response_start(200));
        for (; sent < all; sent += piece.size()) co_await send(http_response_body(piece, true));
        co_await send(http_response_body());
    };
    with_server(app, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        client.send(get("/"));
        co_await settle();
        CHECK(sent < (1 << 20));
        const std::size_t before = resident_bytes();
        std::size_t got = 0;
        char bytes[65536];
        while (got < all) {
            const ssize_t size = ::recv(client.fd(), bytes, sizeof bytes, 0);
            if (size > 0)
                got += static_cast<std::size_t>(size);
            else
                co_await sleep(std::chrono::nanoseconds(0));
        }
        CHECK(sent + piece.size() >= all);
        CHECK(resident_bytes() < before + all / 4);
    });
}

CONNECTION_TEST_CASE("an echo takes no more of the content than its client reads of the response") {
    with_server(echo, [&](test_server& server) -> coro<> {
        raw_client client = server.connect_narrow();
        constexpr std::size_t all = 64 << 20;
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(all) + "\r\n\r\n");
        const std::string piece = pattern(65'536);
        std::size_t sent = 0;
        std::size_t taken = 0;
        auto push = [&]() -> bool {
            const ssize_t size = ::send(client.fd(), piece.data(), std::min(piece.size(), all - sent), MSG_NOSIGNAL);
            if (size > 0) sent += static_cast<std::size_t>(size);
            return size > 0;
        };
        for (int i = 0; i < 1'000; ++i)
            if (!push()) co_await sleep(std::chrono::nanoseconds(0));
        CHECK(sent < (16 << 20));  // what the kernel keeps
        const std::size_t before = resident_bytes();
        char bytes[65536];
        while (taken < all) {
            if (sent < all) push();
            const ssize_t size = ::recv(client.fd(), bytes, sizeof bytes, 0);
            if (size > 0)
                taken += static_cast<std::size_t>(size);
            else
                co_await sleep(std::chrono::nanoseconds(0));
        }
        CHECK(sent == all);
        CHECK(resident_bytes() < before + all / 4);
    });
}

CONNECTION_TEST_CASE("content that the application left is discarded, and the connection kept") {
    with_server(answers("ok"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        const std::string body = pattern(60'000);
        const std::string head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n";
        client.send(head + body.substr(0, 10));
        std::string response = co_await client.response();
        CHECK_FALSE(has(response, "connection: close"));
        const std::string rest = body.substr(10) + get("/");
        task<> sending = create_task(client.send_all(rest));
        response = co_await client.response();
        CHECK(status_of(response) == 200);
        co_await sending;
    });
}

CONNECTION_TEST_CASE("chunked content that the application left is discarded too") {
    with_server(answers("ok"), [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
        std::string response = co_await client.response();
        client.send("llo\r\n0\r\n\r\n" + get("/"));
        response = co_await client.response();
        CHECK(status_of(response) == 200);
    });
}

CONNECTION_TEST_CASE(
    "too much content left unread closes the connection, after the client has had the whole response") {
    const std::string answer = pattern(200'000);
    for (bool is_chunked : {false, true}) {
        with_server(answers(answer), [&](test_server& server) -> coro<> {
            raw_client client = server.connect();
            const std::string body = pattern(900'000);
            const std::string request =
                is_chunked
                    ? "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 50'000)
                    : post("/", body);
            task<> sending = create_task(client.send_all(request));
            const std::string response = co_await client.read_rest();
            CHECK(body_of(response) == answer);
            CHECK_FALSE(client.reset());
            co_await sending;
            client.close();
            co_await server.gone();
        });
    }
}

CONNECTION_TEST_CASE("content over the limit is refused with 413 by its declared length") {
    with_server(
        count_content,
        [](test_server& server) -> coro<> {
            raw_client client = server.connect();
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1001\r\n\r\n" + std::string(500, 'x'));
            const std::string response = co_await client.read_rest();
            CHECK(status_of(response) == 413);
            CHECK_FALSE(client.reset());
        },
        {.limits = {.body_size = 1'000}});
}

CONNECTION_TEST_CASE("chunked content over the limit is refused with 413, and the client gets to read that") {
    std::string seen;
    auto app = [&](const scope& s, receiver& receive, sender& send) -> coro<> {
        for (;;) {
            receive_message message = co_await receive();
            seen = message.type();
            if (!message.as<http_request>()) break;
        }
        co_await count_content(s, receive, send);
    };
    with_server(app,
                [](test_server& server) -> coro<> {
                    raw_client client = server.connect();
                    const std::string request = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                                chunked(pattern(200'000), 900);
                    task<> sending = create_task(client.send_all(request));
                    const std::string response = co_await client.read_rest();
                    CHECK(status_of(response) == 413);
                    CHECK_FALSE(client.reset());
                    co_await sending;
                },
                {.limits = {.body_size = 1'000}});
    CHECK(seen == "http.disconnect");
}

CONNECTION_TEST_CASE("malformed chunks are refused with 400, and the client gets to read that") {
    with_server(count_content, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n" +
                    std::string(5'000, 'x'));
        const std::string response = co_await client.read_rest();
        CHECK(status_of(response) == 400);
        CHECK_FALSE(client.reset());
    });
}
