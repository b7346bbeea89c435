// What is written for Asio works in tasks: here Boost.Beast's HTTP, Asio's sockets, and one of its timers.
#include <girin/asio.hpp>
#include <girin/runner.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
namespace beast = boost::beast;
namespace http = boost::beast::http;

girin::coro<> serve_one(tcp::acceptor& acceptor) {
    beast::tcp_stream client(co_await acceptor.async_accept(girin::use_coro));
    beast::flat_buffer buffer;
    http::request<http::empty_body> request;
    co_await http::async_read(client, buffer, request, girin::use_coro);
    http::response<http::string_body> answer(http::status::ok, request.version());
    answer.body() = "this is " + std::string(request.target());
    answer.prepare_payload();
    co_await http::async_write(client, answer, girin::use_coro);
}

girin::coro<std::string> fetch(tcp::endpoint server, std::string target) {
    beast::tcp_stream stream(girin::get_io_context());
    co_await stream.async_connect(server, girin::use_coro);
    http::request<http::empty_body> request(http::verb::get, target, 11);
    co_await http::async_write(stream, request, girin::use_coro);
    beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    co_await http::async_read(stream, buffer, answer, girin::use_coro);
    co_return answer.body();
}

girin::coro<> program() {
    tcp::acceptor acceptor(girin::get_io_context(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    auto server = girin::create_task(serve_one(acceptor));
    std::cout << co_await fetch(acceptor.local_endpoint(), "/hello") << '\n';
    co_await server;

    boost::asio::steady_timer never(girin::get_io_context(), boost::asio::steady_timer::time_point::max());
    auto wait = [&]() -> girin::coro<> { co_await never.async_wait(girin::use_coro); };
    try {
        co_await girin::timeout(10ms, wait);
    } catch (const girin::timeout_error&) {
        std::cout << "the timer was told to stop\n";
    }

    const tcp::endpoint deserted = acceptor.local_endpoint();
    acceptor.close();
    try {
        co_await fetch(deserted, "/");
    } catch (const boost::system::system_error& e) {
        std::cout << "an error_code is an exception\n";
    }
}

int main() {
    girin::run(program());
}

// Prints:
// this is /hello
// the timer was told to stop
// an error_code is an exception
