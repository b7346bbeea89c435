// Cancels a task that uses a child process at every await point in turn: no byte is lost, no child becomes a zombie, no
// descriptor stays open, nothing leaks.
#include "tests/support/run_virtual.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/until.hpp"

#include <girin/subprocess.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>

using namespace girin;
using girin::test::comes_true;
using girin::test::io_turns;
using girin::test::open_descriptors;
using girin::test::run_virtual;
using girin::test::until;

namespace {

const std::string much(300'000, 'x');

struct conversation {
    std::optional<process> cat;
    std::string got;

    // The token is freed with the frame.
    coro<> run(std::shared_ptr<int>) {
        cat = co_await create_subprocess_exec("cat", {}, {.stdin = subprocess::pipe, .stdout = subprocess::pipe});
        cat->stdin().write("first\n");
        co_await cat->stdin().drain();
        got += co_await cat->stdout().readline();
        auto rest = co_await cat->communicate(much);
        got += rest.stdout;
        co_await cat->wait();
    }
};

// Reaps none: that is for others to do.
bool no_child_left() {
    siginfo_t child;
    return ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

}  // namespace

TEST_CASE("whenever a task that talks to a child is cancelled, what the child has written can be read") {
    const auto descriptors = open_descriptors();
    int runs = 0;
    for (int turn = 0, longest = 1; turn <= longest; ++turn, ++runs) {
        CAPTURE(turn);
        auto alive = std::make_shared<int>();
        run_virtual([&]() -> coro<> {
            conversation c;
            auto running = create_task(c.run(alive));
            int lasted = 0;
            for (; lasted < turn && !running.done(); ++lasted) co_await io_turns(1);
            if (!running.done()) longest = std::min(turn + 1, 400);
            running.cancel();
            co_await until([&] { return running.done(); });
            if (!c.cat) co_return;
            auto rest = co_await c.cat->communicate();
            c.got += rest.stdout;
            CHECK(c.cat->returncode() == 0);
            const bool first = c.got.empty() || c.got.starts_with("first\n");
            const bool only_what_was_written = c.got.find_first_not_of('x', 6) == std::string::npos;
            CHECK(first);
            CHECK(only_what_was_written);
            const bool all_or_none = c.got.size() <= 6 || c.got.size() == much.size() + 6;
            CHECK(all_or_none);
            if (!running.cancelled()) CHECK(c.got.size() == much.size() + 6);
        });
        CHECK(alive.use_count() == 1);
        CHECK(no_child_left());
    }
    CHECK(open_descriptors() == descriptors);
    CHECK(runs > 5);
}

TEST_CASE("whenever a loop is closed over a child, the child is killed and reaped") {
    const auto descriptors = open_descriptors();
    for (int turn = 0; turn < 30; ++turn) {
        CAPTURE(turn);
        conversation c;
        run_virtual([&]() -> coro<> {
            auto running = create_task(c.run(std::make_shared<int>()));
            co_await io_turns(turn);
        });
        CHECK(comes_true(no_child_left));
    }
    CHECK(open_descriptors() == descriptors);
}
