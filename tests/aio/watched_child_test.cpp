#include "tests/support/children.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/until.hpp"

#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/subprocess.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

using namespace girin;
using girin::test::comes_true;
using girin::test::forbid;
using girin::test::is_gone;
using girin::test::open_descriptors;
using girin::test::run_virtual;
using girin::test::status_of;
using girin::test::until;

TEST_CASE("the end of one child is not taken for another's, nor that of a child which is not ours") {
    run_virtual([]() -> coro<> {
        const pid_t stranger = ::fork();
        if (stranger == 0) ::_exit(42);
        auto a = co_await create_subprocess_shell("exit 1");
        auto b = co_await create_subprocess_shell("exit 2");
        auto of_b = co_await b.wait();
        auto of_a = co_await a.wait();
        CHECK(of_a == 1);
        CHECK(of_b == 2);
        int status = 0;
        CHECK(::waitpid(stranger, &status, 0) == stranger);
        CHECK(WEXITSTATUS(status) == 42);
    });
}

TEST_CASE("a child that somebody else has reaped ends with 255") {
    auto* const before = ::signal(SIGCHLD, SIG_IGN);
    run_virtual([]() -> coro<> {
        auto status = co_await status_of("exit 7");
        CHECK(status == 255);
    });
    ::signal(SIGCHLD, before);
}

TEST_CASE("a child whose handle is dropped runs on, and is reaped") {
    const auto before = open_descriptors();
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        std::optional<process> shell(co_await create_subprocess_shell(
            "read line; echo $line > there", {.stdin = subprocess::pipe, .cwd = folder.path("")}));
        const pid_t pid = shell->pid();
        shell->stdin().write("hello\n");
        shell.reset();
        co_await until([&] { return is_gone(pid); });
        CHECK(read_file(folder.path("there")) == "hello\n");
    });
    CHECK(open_descriptors() == before);
}

TEST_CASE("a child that runs when its loop is closed is killed and reaped") {
    const auto before = open_descriptors();
    std::optional<process> held;
    pid_t dropped = 0;
    run_virtual([&]() -> coro<> {
        held = co_await create_subprocess_exec("sleep", {"1000"}, {.stdin = subprocess::pipe});
        auto other = co_await create_subprocess_exec("sleep", {"1000"});
        dropped = other.pid();
    });
    CHECK(comes_true([&] { return is_gone(held->pid()); }));
    CHECK(comes_true([&] { return is_gone(dropped); }));
    CHECK_FALSE(held->returncode());
    CHECK_THROWS_AS(run(held->wait()), std::runtime_error);
    CHECK(open_descriptors() == before);
    CHECK_THROWS_AS(held->kill(), std::system_error);
}

TEST_CASE("where there are no pidfds a thread waits for each child") {
    pid_t running = 0;
    std::thread without_pidfds([&] {
        forbid(SYS_pidfd_open);
        run_virtual([&]() -> coro<> {
            auto before = open_descriptors();
            auto [a, b] = co_await gather(status_of("exit 3"), status_of("kill $$"));
            CHECK(a == 3);
            CHECK(b == -SIGTERM);
            CHECK(open_descriptors() == before);
            auto killed = co_await create_subprocess_exec("sleep", {"1000"});
            killed.kill();
            auto status = co_await killed.wait();
            CHECK(status == -SIGKILL);
            auto runs = co_await create_subprocess_exec("sleep", {"1000"});
            running = runs.pid();
        });
    });
    without_pidfds.join();
    CHECK(comes_true([&] { return is_gone(running); }));
}
