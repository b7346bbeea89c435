#include "tests/support/processes.hpp"
#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/context_var.hpp>
#include <girin/event.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::comes_to_wait;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

std::uintptr_t number(void (*action)(int)) {
    return reinterpret_cast<std::uintptr_t>(action);
}

std::uintptr_t action_of(int signo) {
    struct sigaction action = {};
    ::sigaction(signo, nullptr, &action);
    return number(action.sa_handler);
}

// What the function did in a child process.
int status_of(const std::function<int()>& function) {
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(function());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

bool exited_with(int status, int code) {
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

}  // namespace

TEST_CASE("1.27 a signal's callback runs in a turn of the loop, never inside the signal") {
    run_virtual([]() -> coro<> {
        std::string events;
        loop& l = loop::running();
        l.add_signal_handler(SIGUSR1, [&] { events += current_task() ? '?' : 's'; });
        ::raise(SIGUSR1);
        events += 'a';
        co_await turns(2);
        CHECK(events == "as");
        ::raise(SIGUSR1);
        co_await turns(2);
        CHECK(events == "ass");
    });
}

TEST_CASE("a signal wakes a loop that waits, from whatever thread it interrupts, on a real clock and a virtual one") {
    for (bool virtual_time : {false, true}) {
        auto program = []() -> coro<bool> {
            event arrived;
            loop::running().add_signal_handler(SIGUSR1, [&] { arrived.set(); });
            const pthread_t here = ::pthread_self();
            const int looping = ::gettid();
            bool waited = false;
            std::jthread other([&] {
                waited = comes_to_wait(looping);
                ::pthread_kill(here, SIGUSR1);
            });
            co_await arrived.wait();
            other.join();
            CHECK(waited);
            event again;
            loop::running().add_signal_handler(SIGUSR1, [&] { again.set(); });
            std::jthread self([&] {
                waited = comes_to_wait(looping);
                ::raise(SIGUSR1);
            });
            co_await again.wait();
            self.join();
            CHECK(waited);
            co_return true;
        };
        CHECK(run(program(), {.virtual_time = virtual_time}));
    }
}

TEST_CASE("a callback replaces the former one, and is gone when it is removed") {
    run_virtual([]() -> coro<> {
        std::string events;
        loop& l = loop::running();
        const auto before = action_of(SIGUSR2);
        CHECK_FALSE(l.remove_signal_handler(SIGUSR2));
        l.add_signal_handler(SIGUSR2, [&] { events += 'a'; });
        l.add_signal_handler(SIGUSR2, [&] { events += 'b'; });
        ::raise(SIGUSR2);
        co_await turns(2);
        CHECK(events == "b");
        CHECK(l.remove_signal_handler(SIGUSR2));
        CHECK_FALSE(l.remove_signal_handler(SIGUSR2));
        CHECK(action_of(SIGUSR2) == before);
    });
}

TEST_CASE("a callback may remove and replace itself, and may end the loop with keyboard_interrupt") {
    loop l;
    std::string events;
    l.add_signal_handler(SIGUSR1, [&] {
        events += 'a';
        l.remove_signal_handler(SIGUSR1);
        l.add_signal_handler(SIGUSR1, [&] {
            events += 'b';
            throw keyboard_interrupt();
        });
        ::raise(SIGUSR1);
    });
    ::raise(SIGUSR1);
    CHECK_THROWS_AS(l.run_forever(), keyboard_interrupt);
    CHECK(events == "ab");
}

TEST_CASE("a callback runs in a copy of the context in which it was added") {
    static const context_var<int> v("v", 0);
    run_virtual([]() -> coro<> {
        int seen = -1;
        v.set(1);
        loop::running().add_signal_handler(SIGUSR1, [&] { seen = v.get(); });
        v.set(2);
        ::raise(SIGUSR1);
        co_await turns(2);
        CHECK(seen == 1);
    });
}

TEST_CASE("what an exception of a callback does is what it does in any callback") {
    run_virtual([]() -> coro<> {
        std::string reported;
        loop& l = loop::running();
        l.set_exception_handler([&](loop&, const auto& context) { reported = context.message; });
        l.add_signal_handler(SIGUSR1, [] { throw std::domain_error("x"); });
        ::raise(SIGUSR1);
        co_await turns(2);
        CHECK(reported == "Exception in callback");
    });
}

TEST_CASE("what is no signal, cannot be caught, is a fault or is another loop's is refused") {
    loop l, other;
    auto nothing = [] {};
    for (int signo : {-1, 0, 65}) CHECK_THROWS_AS(l.add_signal_handler(signo, nothing), std::invalid_argument);
    for (int signo : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        CHECK_THROWS_AS(l.add_signal_handler(signo, nothing), std::runtime_error);
    l.add_signal_handler(SIGUSR1, nothing);
    CHECK_THROWS_AS(other.add_signal_handler(SIGUSR1, nothing), std::runtime_error);
    CHECK_FALSE(other.remove_signal_handler(SIGUSR1));
    l.remove_signal_handler(SIGUSR1);
    CHECK_NOTHROW(other.add_signal_handler(SIGUSR1, nothing));
    other.close();
    CHECK_THROWS_WITH_AS(other.add_signal_handler(SIGUSR1, nothing), "Event loop is closed", std::runtime_error);
}

TEST_CASE("what somebody else has a handler for is refused, and keeps it") {
    loop l;
    ::signal(SIGUSR1, [](int) {});
    const auto theirs = action_of(SIGUSR1);
    CHECK_THROWS_AS(l.add_signal_handler(SIGUSR1, [] {}), std::runtime_error);
    CHECK_FALSE(l.remove_signal_handler(SIGUSR1));
    CHECK(action_of(SIGUSR1) == theirs);
    ::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("closing a loop gives its signals back, as they were") {
    ::signal(SIGUSR1, SIG_IGN);
    const auto before = action_of(SIGUSR2);
    {
        loop l;
        l.add_signal_handler(SIGUSR1, [] {});
        l.add_signal_handler(SIGUSR2, [] {});
        CHECK(action_of(SIGUSR1) != number(SIG_IGN));
        ::raise(SIGUSR1);  // which the loop will not hear of
    }
    CHECK(action_of(SIGUSR1) == number(SIG_IGN));
    CHECK(action_of(SIGUSR2) == before);
    ::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("a program that has set an action of its own meanwhile keeps it") {
    {
        loop l;
        l.add_signal_handler(SIGUSR1, [] {});
        ::signal(SIGUSR1, SIG_IGN);
    }
    CHECK(action_of(SIGUSR1) == number(SIG_IGN));
    ::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("a program may handle Ctrl-C itself under run, which then leaves it alone") {
    int handled = status_of([] {
        ::signal(SIGINT, SIG_DFL);
        auto program = []() -> coro<int> {
            event interrupted;
            loop::running().add_signal_handler(SIGINT, [&] { interrupted.set(); });
            for (int i = 0; i < 2; ++i) {
                ::raise(SIGINT);
                co_await interrupted.wait();
                interrupted.clear();
            }
            co_return 42;
        };
        int result = run(program());
        return action_of(SIGINT) == number(SIG_DFL) ? result : 1;
    });
    CHECK(exited_with(handled, 42));
    int removed = status_of([] {
        ::signal(SIGINT, SIG_DFL);
        auto program = []() -> coro<int> {
            loop::running().add_signal_handler(SIGINT, [] {});
            loop::running().remove_signal_handler(SIGINT);
            ::raise(SIGINT);
            co_return 42;
        };
        return run(program());
    });
    CHECK(WIFSIGNALED(removed));
    CHECK(WTERMSIG(removed) == SIGINT);
}

TEST_CASE("signals that come while loops come and go are handled or ignored, and nothing is lost or touched late") {
    int status = status_of([] {
        ::signal(SIGUSR1, SIG_IGN);
        const pid_t self = ::getpid();
        std::atomic<bool> end = false;
        std::jthread sender([&] {
            while (!end) ::kill(self, SIGUSR1);
        });
        int heard = 0;
        for (int i = 0; i < 200; ++i) {
            loop l;
            l.add_signal_handler(SIGUSR1, [&] {
                ++heard;
                l.stop();
            });
            l.run_forever();
        }
        end = true;
        return heard >= 200 ? 0 : 1;
    });
    CHECK(exited_with(status, 0));
}
