#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/until.hpp"

#include <girin/process_pool.hpp>

#include <doctest/doctest.h>

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_true;
using girin::test::has_ended;
using girin::test::pid_in;
using girin::test::run_virtual;
using girin::test::state_of;

namespace {

// What a process of a pool does before it is ready.
const bool at_start = [] {
    const char* order = std::getenv("GIRIN_TEST_AT_START");
    if (order && std::string_view(order) == "sleep") ::sleep(1000);
    if (order && std::string_view(order) == "abort") std::abort();
    return true;
}();

int pid() {
    return ::getpid();
}
int add(int a, int b) {
    return a + b;
}
std::size_t size_of(const std::string& text) {
    return text.size();
}
void segfault() {
    ::signal(SIGSEGV, SIG_DFL);  // the sanitizer's handler exits instead
    volatile int* nowhere = nullptr;
    *nowhere = 1;
}
void be_killed_by(int number) {
    rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(number, SIG_DFL);
    ::raise(number);
}
void leave(int status) {
    std::exit(status);
}
void close_socket_and_stay() {
    ::close(3);
    ::sleep(1000);
}
void write_rubbish() {
    const std::string rubbish(1000, '\xff');
    if (::write(3, rubbish.data(), rubbish.size()) < 0) std::abort();
    ::sleep(1000);
}
void write_short_rubbish() {
    const std::uint64_t size = 3;
    if (::write(3, &size, sizeof size) < 0 || ::write(3, "\0ab", 3) < 0) std::abort();
}
// Forks something that keeps the socket, and dies.
void leave_an_heir(const std::string& file) {
    const int heir = ::fork();
    if (heir == 0) {
        ::sleep(1000);
        ::_exit(0);
    }
    std::ofstream(file) << heir << std::endl;
    ::raise(SIGKILL);
}
// Forks something that keeps the socket. When there is a second file it stops this process, and kills it when the next
// call is sent.
void leave_a_murderer(const std::string& file) {
    const int victim = ::getpid();
    const int murderer = ::fork();
    if (murderer == 0) {
        if (!comes_true([&] { return ::access((file + "go").c_str(), F_OK) == 0; })) ::_exit(1);
        ::kill(victim, SIGSTOP);
        pollfd next_call = {3, POLLIN, 0};
        ::poll(&next_call, 1, -1);
        ::kill(victim, SIGKILL);
        ::sleep(1000);
        ::_exit(0);
    }
    std::ofstream(file) << murderer << std::endl;
}

template <class Call>
coro<std::optional<process_died>> death_of(Call call) {
    try {
        co_await std::move(call);
    } catch (const process_died& death) {
        co_return death;
    }
    co_return std::nullopt;
}

}  // namespace

TEST_CASE("a crash is an exception that names function and signal, and the next call has a new process") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto crash = co_await death_of(pool.run<segfault>());
        REQUIRE(crash);
        CHECK(crash->signal() == SIGSEGV);
        CHECK(std::string(crash->what()).find("segfault was killed by SIGSEGV") != std::string::npos);
        CHECK(crash->function().find("segfault") != std::string::npos);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
        CHECK(pool.figures().started == 2);
        CHECK(pool.figures().died == 1);
        for (const int number : {SIGABRT, SIGKILL, SIGBUS, SIGFPE}) {
            auto death = co_await death_of(pool.run<be_killed_by>(number));
            REQUIRE(death);
            CHECK(death->signal() == number);
        }
    });
}

TEST_CASE("a function that leaves the program is an exception with the status") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        for (const int status : {0, 3}) {
            auto death = co_await death_of(pool.run<leave>(status));
            REQUIRE(death);
            CHECK(death->signal() == 0);
            CHECK(death->exit_status() == status);
        }
    });
}

TEST_CASE("a process that breaks the socket, or writes rubbish into it, is ended") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1});
        auto closed = co_await death_of(pool.run<close_socket_and_stay>());
        REQUIRE(closed);
        CHECK(closed->signal() == SIGKILL);
        CHECK_THROWS_AS(co_await pool.run<write_rubbish>(), process_pool_error);
        CHECK_THROWS_AS(co_await pool.run<write_short_rubbish>(), process_pool_error);
        int sum = co_await pool.run<add>(1, 1);
        CHECK(sum == 2);
    });
}

TEST_CASE("the end of a process is noticed though somebody that it has started keeps the socket") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        auto death = co_await death_of(pool.run<leave_an_heir>(folder.path("pid")));
        REQUIRE(death);
        CHECK(death->signal() == SIGKILL);
        const int heir = pid_in(folder.path("pid"));
        CHECK_FALSE(has_ended(heir));
        ::kill(heir, SIGKILL);
    });
}

TEST_CASE("a process that ends while it is sent a call is noticed though somebody keeps the socket and reads nothing") {
    const scratch_folder folder;
    run_virtual([&]() -> coro<> {
        process_pool pool({.processes = 1});
        int process = co_await pool.run<pid>();
        co_await pool.run<leave_a_murderer>(folder.path("pid"));
        std::ofstream(folder.path("pidgo"));
        CHECK(comes_true([&] { return state_of(process) == 'T'; }));
        auto death = co_await death_of(pool.run<size_of>(std::string(32 << 20, 'x')));
        REQUIRE(death);
        CHECK(death->signal() == SIGKILL);
        const int murderer = pid_in(folder.path("pid"));
        CHECK_FALSE(has_ended(murderer));
        ::kill(murderer, SIGKILL);
    });
}

TEST_CASE("a process that does not become ready in time, or at all, is an error") {
    run_virtual([]() -> coro<> {
        process_pool pool({.processes = 1, .start_timeout = 100ms});
        auto why = [&]() -> coro<std::string> {
            try {
                co_await pool.run<pid>();
            } catch (const process_pool_error& e) {
                co_return e.what();
            }
            co_return "";
        };
        ::setenv("GIRIN_TEST_AT_START", "sleep", 1);
        auto slow = co_await why();
        CHECK(slow == "a process did not become ready within the pool's start_timeout");
        ::setenv("GIRIN_TEST_AT_START", "abort", 1);
        process_pool patient({.processes = 1});
        std::string failed;
        try {
            co_await patient.run<pid>();
        } catch (const process_pool_error& e) {
            failed = e.what();
        }
        CHECK(failed == "a process for the pool did not start: it was killed by SIGABRT (Aborted)");
        ::unsetenv("GIRIN_TEST_AT_START");
        int process = co_await patient.run<pid>();
        CHECK(process != ::getpid());
        CHECK(at_start);
    });
}
