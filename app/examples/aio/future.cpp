// A future: a result that a callback brings, for any number of tasks that wait for it.
#include <girin/future.hpp>
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

girin::future<std::string> next_letter() {
    auto letter = girin::create_future<std::string>();
    girin::loop::running().call_later(10ms, [letter] {
        if (!letter.done()) letter.set_result("Dear Ada");
    });
    return letter;
}

girin::coro<std::string> write_card() {
    co_await girin::sleep(5ms);
    co_return "Dear Bob";
}

// Of a coroutine, which becomes a task; what is a future already stays as it is.
template <class Text>
auto counted(Text text) {
    auto written = girin::ensure_future(std::move(text));
    written.add_done_callback([](const auto& done) { std::cout << done.result().size() << " characters\n"; });
    return written;
}

girin::coro<> read(std::string who, girin::future<std::string> letter) {
    const std::string& text = co_await letter;
    std::cout << who << " reads: " << text << '\n';
}

girin::coro<> post_office() {
    auto letter = counted(next_letter());
    std::cout << co_await counted(write_card()) << '\n';
    co_await girin::gather(read("Ann", letter), read("Ben", letter));
}

int main() {
    girin::run(post_office(), {.virtual_time = true});
}

// Prints:
// 8 characters
// Dear Bob
// 8 characters
// Ann reads: Dear Ada
// Ben reads: Dear Ada
