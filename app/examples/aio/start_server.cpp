// An echo server over TCP, and its client.
#include <girin/open_connection.hpp>
#include <girin/runner.hpp>
#include <girin/server.hpp>

#include <cstdint>
#include <iostream>
#include <string>

girin::coro<> echo(girin::stream_reader reader, girin::stream_writer writer) {
    while (auto line = co_await reader.next()) {
        writer.write(*line);
        co_await writer.drain();
    }
    std::cout << writer.peername().host << " has left\n";
}

girin::coro<> client(std::uint16_t port) {
    auto connection = co_await girin::open_connection("localhost", port);
    for (std::string word : {"hello", "world"}) {
        connection.writer.write(word + "\n");
        std::string answer = co_await connection.reader.readline();
        std::cout << "echo: " << answer;
    }
    connection.writer.close();
    co_await connection.writer.wait_closed();
}

girin::coro<> tutorial() {
    auto server = co_await girin::start_server(echo, "127.0.0.1", 0);
    co_await client(server.port());
    server.close();
    co_await server.wait_closed();
}

int main() {
    girin::run(tutorial());
}

// Prints:
// echo: hello
// echo: world
// 127.0.0.1 has left
