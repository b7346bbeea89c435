// Libraries that are written for Asio work in tasks: Boost.Beast as a client and as a server, and Asio's channels.
#include <girin/asio.hpp>
#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

using channel = boost::asio::experimental::channel<void(boost::system::error_code, std::string)>;

template <class Program>
void run_here(Program program) {
    run(program());
}

// Answers every request with its target; "/never" is not answered.
coro<> serve_client(tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    for (;;) {
        http::request<http::string_body> request;
        co_await http::async_read(stream, buffer, request, use_coro);
        if (request.target() == "/never") {
            buffer.consume(buffer.size());
            char byte = 0;
            co_await stream.async_read_some(boost::asio::buffer(&byte, 1), use_coro);  // ends when the client leaves
        }
        http::response<http::string_body> answer(http::status::ok, request.version());
        answer.keep_alive(request.keep_alive());
        answer.body() = std::string(request.target()) + " of " + request.body();
        answer.prepare_payload();
        co_await http::async_write(stream, answer, use_coro);
        if (!answer.keep_alive()) co_return;
    }
}

// A server on the loop, which notes how each of its clients left.
struct server {
    tcp::acceptor acceptor{get_io_context(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
    std::vector<boost::system::error_code> ends;
    task<> accepting = create_task([](server* self) -> coro<> { co_await self->accept(); }, this);

    coro<> accept() {
        for (;;) {
            tcp::socket socket = co_await acceptor.async_accept(use_coro);
            create_task(
                [](server* self, tcp::socket client) -> coro<> {
                    boost::system::error_code end;
                    try {
                        co_await serve_client(std::move(client));
                    } catch (const boost::system::system_error& e) {
                        end = e.code();
                    }
                    self->ends.push_back(end);
                },
                this, std::move(socket));
        }
    }
    coro<> stop(std::size_t clients) {
        while (ends.size() < clients) co_await sleep(1ms);
        accepting.cancel();
        co_await gather(return_exceptions, std::move(accepting));
    }
};

coro<std::string> fetch(beast::tcp_stream& stream, std::string target) {
    http::request<http::string_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "localhost");
    request.body() = "nobody";
    request.prepare_payload();
    co_await http::async_write(stream, request, use_coro);
    beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    co_await http::async_read(stream, buffer, answer, use_coro);
    co_return answer.body();
}

}  // namespace

TEST_CASE("Beast's HTTP client and server talk to each other in tasks of one loop") {
    run_here([]() -> coro<> {
        server s;
        {
            tcp::resolver resolver(get_io_context());
            auto found = co_await resolver.async_resolve("127.0.0.1",
                                                         std::to_string(s.acceptor.local_endpoint().port()), use_coro);
            beast::tcp_stream stream(get_io_context());
            auto endpoint = co_await stream.async_connect(found, use_coro);
            CHECK(endpoint == s.acceptor.local_endpoint());
            for (std::string target : {"/one", "/two"}) {
                auto body = co_await fetch(stream, target);
                CHECK(body == target + " of nobody");
            }
        }
        co_await s.stop(1);
        CHECK(s.ends == std::vector<boost::system::error_code>{http::error::end_of_stream});
    });
}

TEST_CASE("many clients of Beast's at once, each in its own task") {
    run_here([]() -> coro<> {
        server s;
        auto client = [](tcp::endpoint to, int number) -> coro<std::string> {
            beast::tcp_stream stream(get_io_context());
            co_await stream.async_connect(to, use_coro);
            co_return co_await fetch(stream, "/" + std::to_string(number));
        };
        std::vector<task<std::string>> clients;
        for (int i = 0; i < 50; ++i) clients.push_back(create_task(client, s.acceptor.local_endpoint(), i));
        for (int i = 0; i < 50; ++i) {
            auto body = co_await clients[static_cast<std::size_t>(i)];
            CHECK(body == "/" + std::to_string(i) + " of nobody");
        }
        co_await s.stop(50);
    });
}

TEST_CASE("a cancellation and a timeout reach what Beast waits for") {
    run_here([]() -> coro<> {
        server s;
        auto ask = [](tcp::endpoint to) -> coro<std::string> {
            beast::tcp_stream stream(get_io_context());
            co_await stream.async_connect(to, use_coro);
            co_return co_await fetch(stream, "/never");
        };
        auto cancelled = create_task(ask, s.acceptor.local_endpoint());
        co_await sleep(20ms);
        CHECK_FALSE(cancelled.done());
        cancelled.cancel("enough");
        std::string message;
        try {
            co_await cancelled;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(message == "enough");
        CHECK_THROWS_AS(co_await wait_for(ask(s.acceptor.local_endpoint()), 20ms), timeout_error);
        co_await s.stop(2);
    });
}

TEST_CASE("a time limit of Beast's own is an error of Beast's") {
    run_here([]() -> coro<> {
        server s;
        std::optional<boost::system::error_code> error;
        {
            beast::tcp_stream stream(get_io_context());
            co_await stream.async_connect(s.acceptor.local_endpoint(), use_coro);
            stream.expires_after(20ms);
            try {
                co_await fetch(stream, "/never");
            } catch (const boost::system::system_error& e) {
                error = e.code();
            }
        }
        CHECK(error == boost::system::error_code(beast::error::timeout));
        co_await s.stop(1);
    });
}

TEST_CASE("a channel of Asio's hands messages from task to task, and makes a sender wait for its receiver") {
    run_here([]() -> coro<> {
        channel messages(get_io_context(), 1);
        std::vector<std::string> events;
        auto send = [](channel& to, std::vector<std::string>& log) -> coro<> {
            for (std::string text : {"a", "b", "c"}) {
                co_await to.async_send({}, text, use_coro);
                log.push_back("sent " + text);
            }
            to.close();
        };
        auto sending = create_task(send, std::ref(messages), std::ref(events));
        while (events.empty()) co_await sleep(1ms);
        co_await sleep(5ms);
        CHECK(events.size() == 1);  // the second waits for room
        std::string received;
        boost::system::error_code end;
        try {
            for (;;) received += co_await messages.async_receive(use_coro);
        } catch (const boost::system::system_error& e) {
            end = e.code();
        }
        co_await sending;
        CHECK(events.size() == 3);
        CHECK(received == "abc");
        CHECK(end == boost::asio::experimental::error::channel_closed);
    });
}

TEST_CASE("a receiver of a channel that is cancelled takes no message with it") {
    run_here([]() -> coro<> {
        channel messages(get_io_context(), 1);
        auto receive = [](channel& from) -> coro<std::string> { co_return co_await from.async_receive(use_coro); };
        auto first = create_task(receive, std::ref(messages));
        auto second = create_task(receive, std::ref(messages));
        co_await sleep(1ms);
        first.cancel();
        CHECK_THROWS_AS(co_await first, cancelled_error);
        co_await messages.async_send({}, "kept", use_coro);
        auto kept = co_await second;
        CHECK(kept == "kept");
    });
}

TEST_CASE("a name look-up, which Asio cannot interrupt, is waited for when its task is cancelled") {
    run_here([]() -> coro<> {
        tcp::resolver resolver(get_io_context());
        bool ended = false;
        auto look_up = [&]() -> coro<> {
            try {
                co_await resolver.async_resolve("127.0.0.1", "80", use_coro);
            } catch (const cancelled_error&) {
                ended = true;
                throw;
            }
        };
        auto t = create_task(look_up);
        co_await sleep(0s);
        t.cancel();
        CHECK_THROWS_AS(co_await t, cancelled_error);
        CHECK(ended);
    });
}

TEST_CASE("a loop may be closed over clients and channels that wait") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            create_task(
                [](std::shared_ptr<int>) -> coro<> {
                    channel messages(get_io_context());
                    co_await messages.async_receive(use_coro);
                },
                alive);
            create_task(
                [](std::shared_ptr<int>) -> coro<> {
                    tcp::acceptor silent(get_io_context(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
                    beast::tcp_stream stream(get_io_context());
                    co_await stream.async_connect(silent.local_endpoint(), use_coro);
                    co_await fetch(stream, "/");
                },
                alive);
            loop::running().call_later(20ms, [] { loop::running().stop(); });
        });
        l.run_forever();
        l.close();
    }
    CHECK(alive.use_count() == 1);
}
