#include "tests/support/children.hpp"
#include "tests/support/outcome.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/streams.hpp"

#include <girin/subprocess.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::forbid;
using girin::test::message_of;
using girin::test::open_descriptors;
using girin::test::output_of;
using girin::test::run_virtual;

TEST_CASE("what cannot be started is named in the error") {
    const auto before = open_descriptors();
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        std::ofstream(folder.path("data")) << "no program";
        auto missing = co_await message_of(create_subprocess_exec("no-such-program", {}, {.stdout = subprocess::pipe}));
        CHECK(missing == "cannot execute no-such-program: No such file or directory");
        auto path = co_await message_of(create_subprocess_exec("/no/such/program"));
        CHECK(path == "cannot execute /no/such/program: No such file or directory");
        auto data = co_await message_of(create_subprocess_exec(folder.path("data")));
        CHECK(data == "cannot execute " + folder.path("data") + ": Permission denied");
        auto nowhere = co_await message_of(create_subprocess_exec("true", {}, {.cwd = "/no/such/folder"}));
        CHECK(nowhere == "cannot enter /no/such/folder: No such file or directory");
        auto zero = co_await message_of(create_subprocess_exec("true", {std::string("a\0b", 3)}));
        CHECK(zero == "a byte 0 cannot be handed to a program");
        auto name = co_await message_of(create_subprocess_exec("true", {}, {.env = {{{"a=b", "c"}}}}));
        CHECK(name == "no name of an environment variable: 'a=b'");
    });
    CHECK(open_descriptors() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child has the environment and the working directory that it is given") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        auto env =
            co_await create_subprocess_exec("env", {}, {.stdout = subprocess::pipe, .env = {{{"A", "1"}, {"B", ""}}}});
        auto output = co_await env.communicate();
        CHECK(output.stdout == "A=1\nB=\n");
        auto where = co_await output_of("pwd", {.cwd = folder.path("")});
        where.back() = '/';
        CHECK(where == folder.path(""));
        REQUIRE(::setenv("GIRIN_TEST_INHERITED", "yes", 1) == 0);
        auto inherited = co_await output_of("echo $GIRIN_TEST_INHERITED");
        CHECK(inherited == "yes\n");
        ::unsetenv("GIRIN_TEST_INHERITED");
    });
}

TEST_CASE("a program that has cleared its environment starts children with none") {
    run_virtual([]() -> coro<> {
        char** const mine = std::exchange(environ, nullptr);  // as clearenv() does
        auto env = co_await create_subprocess_exec("/usr/bin/env", {}, {.stdout = subprocess::pipe});
        environ = mine;
        auto output = co_await env.communicate();
        CHECK(output.stdout == "");
    });
}

TEST_CASE("a program is looked for in the PATH of the child's environment") {
    run_virtual([]() -> coro<> {
        scratch_folder folder;
        std::ofstream(folder.path("mine")) << "#!/bin/sh\necho found\n";
        REQUIRE(::chmod(folder.path("mine").c_str(), 0700) == 0);
        auto not_there = co_await message_of(create_subprocess_exec("mine"));
        CHECK(not_there == "cannot execute mine: No such file or directory");
        auto mine = co_await create_subprocess_exec(
            "mine", {}, {.stdout = subprocess::pipe, .env = {{{"PATH", "/nowhere:" + folder.path("")}}}});
        auto output = co_await mine.communicate();
        CHECK(output.stdout == "found\n");
        auto relative =
            co_await create_subprocess_exec("./mine", {}, {.stdout = subprocess::pipe, .cwd = folder.path("")});
        output = co_await relative.communicate();
        CHECK(output.stdout == "found\n");
    });
}

TEST_CASE("a child has no descriptor but its standard streams, no blocked signal and no ignored one") {
    const int leaking = ::open("/dev/null", O_RDONLY);
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &usr1, &before);
    auto* const ignored = ::signal(SIGUSR2, SIG_IGN);
    run_virtual([]() -> coro<> {
        auto other =
            co_await create_subprocess_exec("cat", {}, {.stdin = subprocess::pipe, .stdout = subprocess::pipe});
        auto descriptors = co_await output_of("ls /proc/$$/fd");
        CHECK(descriptors == "0\n1\n2\n");
        auto blocked = co_await output_of("grep SigBlk /proc/$$/status | cut -f2");
        auto ignored_ones = co_await output_of("grep SigIgn /proc/$$/status | cut -f2");
        CHECK(std::stoull(blocked, nullptr, 16) == 0);
        CHECK((std::stoull(ignored_ones, nullptr, 16) & (1ULL << (SIGUSR2 - 1))) == 0);
        co_await other.communicate();
    });
    ::signal(SIGUSR2, ignored);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(leaking);
}

TEST_CASE("where there is no close_range a child has no other descriptor either, also none above the limit") {
    rlimit before = {};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE(before.rlim_cur > 300);
    const int leaking = ::fcntl(STDIN_FILENO, F_DUPFD, 300);
    REQUIRE(leaking >= 300);
    const rlimit lower = {290, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
    std::string descriptors;
    std::thread without_close_range([&] {
        forbid(SYS_close_range);
        run_virtual([&]() -> coro<> { descriptors = co_await output_of("ls /proc/$$/fd"); });
    });
    without_close_range.join();
    ::setrlimit(RLIMIT_NOFILE, &before);
    ::close(leaking);
    CHECK(descriptors == "0\n1\n2\n");
}

TEST_CASE("a program is started at once though another thread forks meanwhile") {
    // So many places to look in that processes are forked before the child has executed the program.
    const std::string path = std::string(120'000, ':') + "/bin:/usr/bin";
    std::vector<pid_t> forked;
    std::atomic<int> forks_so_far = 0;
    const auto begin = std::chrono::steady_clock::now();
    {
        const std::jthread forks([&](const std::stop_token& stop) {
            while (!stop.stop_requested() && forked.size() < 200) {
                const pid_t pid = ::fork();
                if (pid == 0) {
                    ::sleep(20);
                    ::_exit(0);
                }
                forked.push_back(pid);
                ++forks_so_far;
                std::this_thread::sleep_for(1ms);
            }
        });
        run_virtual([&]() -> coro<> {
            int meanwhile = 0;
            for (int tries = 0; tries < 100 && meanwhile == 0; ++tries) {
                const int before = forks_so_far;
                auto child = co_await create_subprocess_exec("true", {}, {.env = {{{"PATH", path}}}});
                meanwhile = forks_so_far - before;
                auto status = co_await child.wait();
                CHECK(status == 0);
            }
            CHECK(meanwhile > 0);
        });
    }
    CHECK(std::chrono::steady_clock::now() - begin < 15s);
    for (const pid_t pid : forked) {
        ::kill(pid, SIGKILL);
        CHECK(::waitpid(pid, nullptr, 0) == pid);
    }
}

TEST_CASE("a child can be started in a session of its own") {
    run_virtual([]() -> coro<> {
        auto shell = co_await create_subprocess_shell("cut -d' ' -f6 /proc/$$/stat",
                                                      {.stdout = subprocess::pipe, .start_new_session = true});
        auto output = co_await shell.communicate();
        CHECK(output.stdout == std::to_string(shell.pid()) + "\n");
    });
}
