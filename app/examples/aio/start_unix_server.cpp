// A service for the programs of one machine: it listens at a path.
#include <girin/open_connection.hpp>
#include <girin/runner.hpp>
#include <girin/server.hpp>

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <string>

girin::coro<> greet(girin::stream_reader reader, girin::stream_writer writer) {
    std::string name = co_await reader.readline();
    writer.write("good morning, " + name);
    co_await writer.drain();
}

girin::coro<> introduce(std::string path, std::string name) {
    auto connection = co_await girin::open_unix_connection(path);
    connection.writer.write(name + "\n");
    std::cout << co_await connection.reader.readline();
}

girin::coro<> porter() {
    auto path = std::filesystem::temp_directory_path() / ("porter." + std::to_string(::getpid()));
    auto server = co_await girin::start_unix_server(greet, path);
    co_await introduce(path, "Ada");
    co_await introduce(path, "Bob");
    server.close();
    co_await server.wait_closed();
    std::cout << (std::filesystem::exists(path) ? "the socket is still there\n" : "the socket is removed\n");
}

int main() {
    girin::run(porter());
}

// Prints:
// good morning, Ada
// good morning, Bob
// the socket is removed
