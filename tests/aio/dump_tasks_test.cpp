#include "tests/support/compiler.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/dump_tasks.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <sstream>
#include <string>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::anonymous;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

// A file that is dumped to.
class dump_file {
 public:
    dump_file() : fd_(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) { REQUIRE(fd_ >= 0); }
    dump_file(const dump_file&) = delete;
    dump_file& operator=(const dump_file&) = delete;
    ~dump_file() { ::close(fd_); }

    int fd() const { return fd_; }
    std::string text() const {
        std::string all(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
        REQUIRE(::pread(fd_, all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
        return all;
    }

 private:
    int fd_;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

coro<> innermost() {
    co_await sleep(1h);
}
coro<> outermost() {
    co_await innermost();
}
coro<> deep(int depth) {
    if (depth == 0) co_await sleep(1h);
    if (depth != 0) co_await deep(depth - 1);
}
void hog() {
    ::raise(SIGUSR2);
}
coro<> gets_stuck() {
    co_await sleep(0s);
    hog();
}

}  // namespace

TEST_CASE("a dump shows every task with its coroutines, and which one runs") {
    const dump_file file;
    run_virtual([&]() -> coro<> {
        current_task().set_name("main");
        auto waiting = create_task(outermost(), {.name = "waiting"});
        auto nameless = create_task(outermost());
        co_await turns(2);
        dump_tasks(file.fd());
        waiting.cancel();
        nameless.cancel();
    });
    const std::string text = file.text();
    CHECK(has(text, "* Task(name='main') runs\n  |   File '"));
    CHECK(has(text, "* Task(name='waiting')\n  |   File '"));
    CHECK(has(text, "* Task(name='Task-"));
    const std::size_t at = text.find("* Task(name='waiting')");
    const std::size_t inner = text.find("in " + anonymous + "innermost\n", at);
    CHECK(inner < text.find("in " + anonymous + "outermost\n", at));
}

TEST_CASE("a loop that is stuck can be asked by a signal where that is") {
    const dump_file file;
    dump_tasks_on(SIGUSR2, file.fd());
    run_virtual([]() -> coro<> { co_await create_task(gets_stuck(), {.name = "stuck"}); });
    ::signal(SIGUSR2, SIG_DFL);
    CHECK(has(file.text(), "* Task(name='stuck') runs\n  |   File '"));
    CHECK(has(file.text(), "in " + anonymous + "gets_stuck\n"));
}

TEST_CASE("of many tasks and deep chains the dump shows the ends and counts the rest") {
    const dump_file file;
    run_virtual([&]() -> coro<> {
        std::vector<task<>> all;
        for (int i = 0; i < 1'100; ++i) all.push_back(create_task(sleep(1h)));
        all.push_back(create_task(deep(1'000), {.name = "deep"}));
        co_await turns(1);
        dump_tasks(file.fd());
        for (auto& task : all) task.cancel();
    });
    CHECK(has(file.text(), "and 102 more tasks\n"));
    CHECK(has(file.text(), "and 901 more coroutines\n"));
}

TEST_CASE("a thread without a loop has nothing to dump, and says so") {
    const dump_file file;
    dump_tasks(file.fd());
    CHECK(file.text() == "no event loop runs in this thread\n");
}

std::atomic<int> dumps_made = 0;
int early_dumps = -1;  // where the first of them go
int other_dumps = -1;

// A thread interrupts the loop wherever it happens to be: while tasks begin, end, are named and are cancelled.
TEST_CASE("a dump may interrupt the loop between any two instructions") {
    constexpr int enough = 10'000;
    const dump_file early;
    early_dumps = early.fd();
    other_dumps = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    REQUIRE(other_dumps >= 0);
    struct sigaction action = {};
    action.sa_handler = [](int) { dump_tasks(dumps_made.fetch_add(1) < 200 ? early_dumps : other_dumps); };
    action.sa_flags = SA_RESTART;
    REQUIRE(::sigaction(SIGUSR2, &action, nullptr) == 0);
    std::atomic<bool> over = false;
    const pthread_t looping = ::pthread_self();
    std::thread interrupts([&] {
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        for (int i = 0; dumps_made < enough && std::chrono::steady_clock::now() < deadline; ++i) {
            ::pthread_kill(looping, SIGUSR2);
            const timespec pause = {0, 5'000 + i % 97 * 100};
            ::nanosleep(&pause, nullptr);
        }
        over = true;
    });
    long rounds = 0;
    run_virtual([&]() -> coro<> {
        while (!over) {
            auto first = create_task(outermost(), {.name = "a name that is too long to be kept in the string itself"});
            auto second = create_task(deep(5));
            first.set_name(std::string(rounds % 100, 'x'));
            if (rounds++ % 2 == 0) co_await turns(1);
            first.cancel();
            second.cancel();
            co_await turns(2);
        }
    });
    interrupts.join();
    ::signal(SIGUSR2, SIG_DFL);
    ::close(other_dumps);
    CHECK(dumps_made >= enough);

    std::istringstream text(early.text());
    int lines = 0, unknown = 0;
    for (std::string line; std::getline(text, line); ++lines)
        if (!line.starts_with("* Task(name=") && !line.starts_with("  |   File '") &&
            line != "no event loop runs in this thread" && line != "no tasks")
            ++unknown;
    CHECK(lines >= 200);
    CHECK(unknown == 0);
}
