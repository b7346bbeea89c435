// A hundred pages are fetched, with a limit on how many connections are open at a time.
#include <girin/gather.hpp>
#include <girin/open_connection.hpp>
#include <girin/runner.hpp>
#include <girin/semaphore.hpp>
#include <girin/server.hpp>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

struct traffic {
    int now = 0;
    int most = 0;
};

girin::coro<std::string> fetch(std::uint16_t port, std::string page, girin::semaphore limit, traffic& seen) {
    auto permit = co_await limit.acquire_guard();
    seen.most = std::max(seen.most, ++seen.now);
    auto connection = co_await girin::open_connection("127.0.0.1", port);
    connection.writer.write("GET " + page + "\n");
    std::string answer = co_await connection.reader.read();
    --seen.now;
    co_return answer;
}

girin::coro<> answer(girin::stream_reader reader, girin::stream_writer writer) {
    std::string request = co_await reader.readline();
    writer.write("this is " + request.substr(4));
    co_await writer.drain();
}

girin::coro<> tutorial() {
    auto server = co_await girin::start_server(answer, "127.0.0.1", 0);
    for (int at_a_time : {1, 10, 100}) {
        traffic seen;
        girin::semaphore limit(at_a_time);
        std::vector<girin::coro<std::string>> fetches;
        for (int i = 0; i < 100; ++i) fetches.push_back(fetch(server.port(), "/" + std::to_string(i), limit, seen));
        auto pages = co_await girin::gather(std::move(fetches));
        std::cout << pages.size() << " pages, " << seen.most << " at a time, the last one: " << pages.back();
    }
}

int main() {
    girin::run(tutorial());
}

// Prints:
// 100 pages, 1 at a time, the last one: this is /99
// 100 pages, 10 at a time, the last one: this is /99
// 100 pages, 100 at a time, the last one: this is /99
