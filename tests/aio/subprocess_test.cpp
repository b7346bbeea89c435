#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/streams.hpp"

#include <girin/exceptions.hpp>
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/subprocess.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::io_turns;
using girin::test::open_descriptors;
using girin::test::outcome_of;
using girin::test::run_virtual;
using girin::test::until;

namespace {

// What a shell writes to its stdout.
coro<std::string> output_of(std::string command, subprocess_options options = {}) {
    options.stdout = subprocess::pipe;
    auto shell = co_await create_subprocess_shell(command, options);
    auto output = co_await shell.communicate();
    co_return output.stdout;
}

coro<int> status_of(std::string command) {
    auto shell = co_await create_subprocess_shell(command);
    co_return co_await shell.wait();
}

template <class Awaitable>
coro<std::string> message_of(Awaitable awaited) {
    try {
        co_await std::move(awaited);
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "done";
}

bool exists(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

void wait_until_gone(pid_t pid) {
    for (int i = 0; i < 20'000 && exists(pid); ++i) std::this_thread::sleep_for(1ms);
    CHECK_FALSE(exists(pid));
}

// From now on this thread, and what it starts, has a kernel without this system call.
void forbid(unsigned system_call) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {4, filter};
    REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

}  // namespace

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
        CHECK_FALSE(exists(echo.pid()));
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
                std::this_thread::sleep_for(1ms);
            }
        });
        run_virtual([&]() -> coro<> {
            auto child = co_await create_subprocess_exec("true", {}, {.env = {{{"PATH", path}}}});
            auto status = co_await child.wait();
            CHECK(status == 0);
        });
    }
    CHECK(std::chrono::steady_clock::now() - begin < 15s);
    CHECK(forked.size() > 1);
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
        co_await until([&] { return !exists(pid); });
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
    wait_until_gone(held->pid());
    wait_until_gone(dropped);
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
    wait_until_gone(running);
}
