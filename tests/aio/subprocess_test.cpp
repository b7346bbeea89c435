#include "tests/support/children.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/streams.hpp"

#include <girin/gather.hpp>
#include <girin/subprocess.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

using namespace girin;
using girin::test::io_turns;
using girin::test::is_gone;
using girin::test::message_of;
using girin::test::open_descriptors;
using girin::test::outcome_of;
using girin::test::output_of;
using girin::test::run_virtual;
using girin::test::status_of;

TEST_CASE("a program is started with its arguments, and its end is waited for") {
    const auto before = open_descriptors();
    run_virtual([]() -> coro<> {
        auto echo = co_await create_subprocess_exec("echo", {"a b", "c"}, {.stdout = subprocess::pipe});
        CHECK(echo.pid() > 0);
        auto output = co_await echo.communicate();
        CHECK(output.stdout == "a b c\n");
        CHECK(output.stderr == "");
        CHECK(echo.returncode() == 0);
        auto again = co_await echo.wait();
        CHECK(again == 0);
        CHECK(is_gone(echo.pid()));
    });
    CHECK(open_descriptors() == before);
}

TEST_CASE("returncode is nothing while the child runs, its status, or the signal that has ended it") {
    run_virtual([]() -> coro<> {
        auto cat = co_await create_subprocess_exec("cat", {}, {.stdin = subprocess::pipe});
        CHECK_FALSE(cat.returncode());
        cat.stdin().close();
        auto of_cat = co_await cat.wait();
        CHECK(of_cat == 0);
        auto [seven, killed] = co_await gather(status_of("exit 7"), status_of("kill -KILL $$"));
        CHECK(seven == 7);
        CHECK(killed == -SIGKILL);
    });
}

TEST_CASE("the three streams of a child are pipes if that is asked for") {
    run_virtual([]() -> coro<> {
        auto shell = co_await create_subprocess_shell(
            "read line; echo \"out $line\"; echo err >&2",
            {.stdin = subprocess::pipe, .stdout = subprocess::pipe, .stderr = subprocess::pipe});
        shell.stdin().write("hello\n");
        auto out = co_await shell.stdout().readline();
        auto err = co_await shell.stderr().readline();
        CHECK(out == "out hello\n");
        CHECK(err == "err\n");
        auto end = co_await shell.stdout().read();
        CHECK(end == "");
        auto status = co_await shell.wait();
        CHECK(status == 0);
        auto none = co_await create_subprocess_exec("true");
        CHECK_THROWS_AS(none.stdin(), std::runtime_error);
        CHECK_THROWS_AS(none.stdout(), std::runtime_error);
        CHECK_THROWS_AS(none.stderr(), std::runtime_error);
        auto no_input = co_await message_of(none.communicate("x"));
        CHECK(no_input == "this stream of the process is no pipe");
        co_await none.wait();
    });
}

TEST_CASE("streams can be /dev/null, and stderr the same as stdout") {
    run_virtual([]() -> coro<> {
        auto both = co_await output_of("echo out; echo err >&2", {.stderr = subprocess::stdout});
        CHECK(both == "out\nerr\n");
        auto null = co_await output_of("cat; readlink /proc/self/fd/0; echo x >&2",
                                       {.stdin = subprocess::devnull, .stderr = subprocess::devnull});
        CHECK(null == "/dev/null\n");
        auto wrong = co_await message_of(create_subprocess_exec("true", {}, {.stdout = subprocess::stdout}));
        CHECK(wrong == "only stderr can be redirected to stdout");
    });
}

TEST_CASE("communicate writes and reads more than pipes hold") {
    run_virtual([]() -> coro<> {
        const std::string much(3'000'000, 'x');
        auto cat = co_await create_subprocess_shell(
            "tee /dev/stderr", {.stdin = subprocess::pipe, .stdout = subprocess::pipe, .stderr = subprocess::pipe});
        auto output = co_await cat.communicate(much);
        const bool same = output.stdout == much && output.stderr == much;
        CHECK(same);
        CHECK(cat.returncode() == 0);
    });
}

TEST_CASE("a child that does not read its input is no error") {
    run_virtual([]() -> coro<> {
        auto shell = co_await create_subprocess_shell("exec <&-; echo done",
                                                      {.stdin = subprocess::pipe, .stdout = subprocess::pipe});
        auto output = co_await shell.communicate(std::string(3'000'000, 'x'));
        CHECK(output.stdout == "done\n");
    });
}

TEST_CASE("a cancelled communicate lets the child run on, and loses nothing") {
    run_virtual([]() -> coro<> {
        auto shell = co_await create_subprocess_shell("echo one; read line; echo $line",
                                                      {.stdin = subprocess::pipe, .stdout = subprocess::pipe});
        auto reads = create_task([](process p) -> coro<std::string> {
            auto all = co_await p.stdout().read();
            co_return all;
        }(shell));
        auto waits = create_task(shell.wait());
        co_await io_turns(50);
        reads.cancel();
        waits.cancel();
        auto outcome = co_await outcome_of(std::move(reads));
        CHECK(outcome == "cancelled");
        outcome = co_await outcome_of(std::move(waits));
        CHECK(outcome == "cancelled");
        auto output = co_await shell.communicate("two\n");
        CHECK(output.stdout == "one\ntwo\n");
        CHECK(shell.returncode() == 0);
    });
}

TEST_CASE("signals end a child, and none can be sent to one that has ended") {
    run_virtual([]() -> coro<> {
        auto a = co_await create_subprocess_exec("sleep", {"1000"});
        auto b = co_await create_subprocess_exec("sleep", {"1000"});
        auto c = co_await create_subprocess_exec("sleep", {"1000"});
        a.terminate();
        b.kill();
        c.send_signal(SIGUSR1);
        auto of_a = co_await a.wait();
        auto of_b = co_await b.wait();
        auto of_c = co_await c.wait();
        CHECK(of_a == -SIGTERM);
        CHECK(of_b == -SIGKILL);
        CHECK(of_c == -SIGUSR1);
        std::error_code error;
        try {
            a.kill();
        } catch (const std::system_error& e) {
            error = e.code();
        }
        CHECK(error == std::errc::no_such_process);
    });
}
