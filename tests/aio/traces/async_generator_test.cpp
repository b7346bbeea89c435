// The same events in the same order as with CPython 3.13's asynchronous generators. Theirs say `finally`; what awaits
// on its way out is a try_finally here, or a flag and an await behind the catch block.
#include "tests/support/trace.hpp"

#include <girin/async_generator.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <exception>
#include <stdexcept>
#include <string>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_traced;
using girin::test::trace;

namespace {

// Ours go on to say what to do.
std::string pythons_words(const std::exception& e) {
    const std::string text = e.what();
    return text.substr(0, text.find(':'));
}

}  // namespace

TEST_CASE("a cancellation inside an iteration runs the generator's clean-up, and then it is over") {
    auto program = [](trace& ev) -> coro<> {
        auto g = [](trace& e) -> async_generator<int> {
            std::exception_ptr raised;
            try {
                co_yield 1;
                co_await sleep(9s);
            } catch (...) {
                raised = std::current_exception();
            }
            e("finally");
            co_await sleep(0s);
            e("done");
            if (raised) std::rethrow_exception(raised);
        };
        auto a = g(ev);
        auto t = create_task([&]() -> coro<> {
            while (auto i = co_await a.next()) ev(*i);
        });
        co_await sleep(10ms);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("cancelled");
        }
        auto end = co_await a.next();
        if (!end) ev("exhausted");
    };
    CHECK(run_traced(program) == "1 | finally | done | cancelled | exhausted");
}

TEST_CASE("a generator that yields while it is being closed has ignored the exit") {
    auto program = [](trace& ev) -> coro<> {
        auto g = []() -> async_generator<int> {
            try {
                co_yield 1;
            } catch (const generator_exit&) {
            }
            co_yield 2;
        };
        auto a = g();
        auto first = co_await a.next();
        ev(*first);
        try {
            co_await a.aclose();
        } catch (const std::runtime_error& e) {
            ev(e.what());
        }
    };
    CHECK(run_traced(program) == "1 | async generator ignored generator_exit");
}

TEST_CASE("a generator that is running can be neither asked nor closed") {
    auto program = [](trace& ev) -> coro<> {
        auto g = []() -> async_generator<int> {
            co_await sleep(10ms);
            co_yield 1;
        };
        auto a = g();
        auto t = create_task([&]() -> coro<int> { co_return *co_await a.next(); });
        co_await sleep(0s);
        try {
            co_await a.next();
        } catch (const std::runtime_error& e) {
            ev(pythons_words(e));
        }
        try {
            co_await a.aclose();
        } catch (const std::runtime_error& e) {
            ev(pythons_words(e));
        }
        int one = co_await t;
        ev(one);
    };
    CHECK(run_traced(program) ==
          "asynchronous generator is already running | asynchronous generator is already running | 1");
}

TEST_CASE("leaving an iteration early neither closes nor spoils the generator") {
    auto program = [](trace& ev) -> coro<> {
        auto g = [](trace& e) -> async_generator<int> {
            try {
                for (int i = 0; i < 5; ++i) co_yield i;
            } catch (const generator_exit&) {
                e("closed");
                throw;
            }
        };
        auto a = g(ev);
        while (auto i = co_await a.next()) {
            ev(*i);
            if (*i == 1) break;
        }
        ev("left");
        auto two = co_await a.next();
        ev(*two);
        co_await a.aclose();
    };
    CHECK(run_traced(program) == "0 | 1 | left | 2 | closed");
}

TEST_CASE("closing what was never started runs nothing, and what has finished does nothing") {
    auto program = [](trace& ev) -> coro<> {
        auto g = [](trace& e) -> async_generator<int> {
            e("started");
            co_yield 1;
        };
        auto a = g(ev);
        co_await a.aclose();
        ev("closed");
        auto end = co_await a.next();
        if (!end) ev("exhausted");
        auto b = g(ev);
        while (auto i = co_await b.next()) ev(*i);
        co_await b.aclose();
        ev("closed");
    };
    CHECK(run_traced(program) == "closed | exhausted | started | 1 | closed");
}

TEST_CASE("what the clean-up raises comes out of aclose, and then the generator is over") {
    auto program = [](trace& ev) -> coro<> {
        auto g = []() -> async_generator<int> {
            try {
                co_yield 1;
            } catch (const generator_exit&) {
                throw std::domain_error("clean-up");
            }
        };
        auto a = g();
        co_await a.next();
        try {
            co_await a.aclose();
        } catch (const std::domain_error& e) {
            ev(e.what());
        }
        auto end = co_await a.next();
        if (!end) ev("exhausted");
    };
    CHECK(run_traced(program) == "clean-up | exhausted");
}

TEST_CASE("a cancellation of aclose interrupts the clean-up, and then the generator is over") {
    auto program = [](trace& ev) -> coro<> {
        auto g = [](trace& e) -> async_generator<int> {
            try {
                co_yield 1;
            } catch (const generator_exit&) {
                e("closing");
            }
            co_await sleep(9s);
            e("never");
        };
        auto a = g(ev);
        co_await a.next();
        auto t = create_task([&]() -> coro<> { co_await a.aclose(); });
        co_await sleep(10ms);
        t.cancel();
        try {
            co_await t;
        } catch (const cancelled_error&) {
            ev("cancelled");
        }
        auto end = co_await a.next();
        if (!end) ev("exhausted");
    };
    CHECK(run_traced(program) == "closing | cancelled | exhausted");
}
