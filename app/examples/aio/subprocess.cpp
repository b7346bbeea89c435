// Runs commands: reads the lines of one as they come, hands input to another, and ends one that takes too long.
#include <girin/runner.hpp>
#include <girin/subprocess.hpp>
#include <girin/timeout.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
namespace subprocess = girin::subprocess;

girin::coro<> count() {
    auto shell = co_await girin::create_subprocess_shell("for i in one two three; do echo $i; done; exit 7",
                                                         {.stdout = subprocess::pipe});
    while (auto line = co_await shell.stdout().next()) std::cout << "line: " << *line;
    int status = co_await shell.wait();
    std::cout << "it ended with " << status << '\n';
}

girin::coro<> sort() {
    auto sort =
        co_await girin::create_subprocess_exec("sort", {"-r"}, {.stdin = subprocess::pipe, .stdout = subprocess::pipe});
    auto output = co_await sort.communicate("a\nb\nc\n");
    std::cout << output.stdout;
}

girin::coro<> give_up() {
    auto sleep = co_await girin::create_subprocess_exec("sleep", {"1000"});
    try {
        co_await girin::wait_for(sleep.wait(), 10ms);
    } catch (const girin::timeout_error&) {
        sleep.kill();
    }
    int status = co_await sleep.wait();
    std::cout << "killed by signal " << -status << '\n';
}

girin::coro<> tutorial() {
    co_await count();
    co_await sort();
    co_await give_up();
}

int main() {
    girin::run(tutorial());
}

// Prints:
// line: one
// line: two
// line: three
// it ended with 7
// c
// b
// a
// killed by signal 9
