// Chains of a hundred thousand coroutines, tasks and futures that await each other: nothing that happens to one of them
// may take a stack that grows with the chain.
#include "tests/support/turns.hpp"

#include <girin/async_generator.hpp>
#include <girin/call_graph.hpp>
#include <girin/dump_tasks.hpp>
#include <girin/frame_pool.hpp>
#include <girin/gather.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/shield.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::turns;

namespace {

constexpr int deep = 100'000;
constexpr int many = detail::keeps_frames ? 1'000'000 : deep;  // an exception takes 40 us under the address sanitizer

// Runs the program on a loop that is then closed over what it has left pending. Returns how many tasks that were.
template <class Program>
int run_and_drop(Program program) {
    int dropped = 0;
    loop l({.virtual_time = true});
    l.set_exception_handler([&](loop&, const exception_context&) { ++dropped; });
    l.run_until_complete(program());
    l.close();
    return dropped;
}

// What each coroutine of a chain has: the chain's ends come in their order, the innermost first.
struct in_order {
    int& left;
    int number;
    in_order(int& l) : left(l), number(++l) {}
    in_order(const in_order&) = delete;
    ~in_order() {
        if (left == number) --left;
    }
};

coro<> coroutines(int n, int& left) {
    const in_order guard(left);
    if (n == 1)
        co_await sleep(1h);
    else
        co_await coroutines(n - 1, left);
}

async_generator<int> waits_for_coroutines(int n, int& left) {
    co_await coroutines(n, left);
    co_yield 1;
}

// Makes the outermost first. `wait` says how one awaits the next.
template <class Wait>
coro<> tasks(int n, Wait wait) {
    if (n == 1)
        co_await sleep(1h);
    else
        co_await wait(tasks(n - 1, wait));
}
template <class Wait>
coro<task<>> start_tasks(Wait wait) {
    auto outermost = create_task(tasks(deep, wait));
    co_await turns(deep + 1);
    co_return outermost;
}

constexpr auto as_a_task = [](coro<> next) { return create_task(std::move(next)); };
constexpr auto gathered = [](coro<> next) { return gather(std::move(next)); };
constexpr auto shielded = [](coro<> next) { return shield(std::move(next)); };

coro<> await_task(task<> next) {
    co_await next;
}
// Makes the innermost first. Returns them all, that one first.
std::vector<task<>> tasks_from_within() {
    std::vector<task<>> all{create_task([]() -> coro<> { co_await sleep(1h); })};
    while (all.size() < deep) all.push_back(create_task(await_task(all.back())));
    return all;
}

}  // namespace

TEST_CASE("a chain of a hundred thousand coroutines is dropped with the loop, the innermost first") {
    int left = 0, built = 0;
    int dropped = run_and_drop([&]() -> coro<> {
        create_task(coroutines(deep, left));
        co_await turns(1);
        built = left;
    });
    CHECK(dropped == 1);
    CHECK(built == deep);
    CHECK(left == 0);
}

TEST_CASE("a chain of a hundred thousand coroutines is cancelled through its task") {
    run_and_drop([]() -> coro<> {
        int left = 0;
        auto outermost = create_task(coroutines(deep, left));
        co_await turns(1);
        CHECK(left == deep);
        outermost.cancel();
        co_await turns(1);
        CHECK(outermost.cancelled());
        CHECK(left == 0);
    });
}

TEST_CASE("3.03 a chain resumes at its innermost coroutine, and not through the others") {
    struct busy {
        static coro<> chain(int n) {
            if (n == 1)
                co_await turns(deep);
            else
                co_await chain(n - 1);
        }
    };
    run_and_drop([]() -> coro<> { co_await busy::chain(deep); });
}

TEST_CASE("a chain under deadlines of its own is dropped with the loop") {
    struct timed {
        static coro<> chain(int n) {
            if (n == 1)
                co_await sleep(1h);
            else
                co_await timeout(2h, [n]() -> coro<> { co_await chain(n - 1); });
        }
    };
    int dropped = run_and_drop([]() -> coro<> {
        create_task(timed::chain(deep / 10));
        co_await turns(1);
    });
    CHECK(dropped == 1);
}

TEST_CASE("a generator that is dropped while it awaits a chain drops the chain, and who awaits it keeps its own") {
    int left = 0;
    run_and_drop([&]() -> coro<> {
        create_task([](async_generator<int> held) -> coro<> { co_await held.next(); },
                    waits_for_coroutines(deep, left));
        co_await turns(1);
        CHECK(left == deep);
    });
    CHECK(left == 0);
}

TEST_CASE("a generator that others hold keeps the chain that it awaits when the task that iterates it is dropped") {
    int left = 0;
    {
        auto numbers = waits_for_coroutines(10, left);
        run_and_drop([&]() -> coro<> {
            create_task([&]() -> coro<> { co_await numbers.next(); });
            co_await turns(1);
        });
        CHECK(left == 10);
    }
    CHECK(left == 0);
}

TEST_CASE("a chain of a hundred thousand tasks is dropped with the loop, whichever was made first") {
    CHECK(run_and_drop([]() -> coro<> { co_await start_tasks(as_a_task); }) == deep);
    CHECK(run_and_drop([]() -> coro<> {
              tasks_from_within();
              co_await turns(1);
          }) == deep);
    std::vector<task<>> held;
    CHECK(run_and_drop([&]() -> coro<> {
              held = tasks_from_within();
              co_await turns(1);
          }) == deep);
    held.clear();
}

TEST_CASE("a chain of a hundred thousand tasks is cancelled through the outermost, and unwinds from the innermost") {
    int dropped = run_and_drop([]() -> coro<> {
        auto all = tasks_from_within();
        co_await turns(1);
        CHECK(all.back().cancel("enough"));
        CHECK(all.front().cancelling() == 1);
        CHECK(all.back().cancelling() == 1);
        co_await turns(1);
        CHECK(all[0].cancelled());
        CHECK_FALSE(all[1].done());
        co_await turns(deep);
        CHECK(all.back().cancelled());
        auto outermost = co_await start_tasks(as_a_task);
        outermost.cancel();
        co_await turns(deep + 1);
        CHECK(outermost.cancelled());
    });
    CHECK(dropped == 0);
}

TEST_CASE("what run finds left is cancelled once, also in a chain of a hundred thousand tasks") {
    unsigned asked = 0;
    run(
        [&]() -> coro<> {
            auto innermost = tasks_from_within().front();
            create_task([&asked, innermost]() -> coro<> {
                try {
                    co_await sleep(2h);
                } catch (const cancelled_error&) {
                    asked = innermost.cancelling();
                }
            });
            co_await turns(1);
        }(),
        {.virtual_time = true});
    CHECK(asked == 1);
    task<> outermost;
    run([&]() -> coro<> { outermost = co_await start_tasks(as_a_task); }(), {.virtual_time = true});
    CHECK(outermost.cancelled());
}

TEST_CASE("when the innermost of a hundred thousand tasks is done, so is the outermost after as many turns") {
    int dropped = run_and_drop([]() -> coro<> {
        auto outermost = co_await start_tasks(as_a_task);
        loop::running().advance(1h);
        co_await turns(deep - 1);
        CHECK_FALSE(outermost.done());
        co_await turns(3);
        CHECK(outermost.done());
        outermost.result();
    });
    CHECK(dropped == 0);
}

TEST_CASE("a chain of a hundred thousand gathers is dropped with the loop, and cancelled through the outermost") {
    run_and_drop([]() -> coro<> { co_await start_tasks(gathered); });
    int dropped = run_and_drop([]() -> coro<> {
        auto outermost = co_await start_tasks(gathered);
        outermost.cancel();
        co_await turns(2 * deep + 2);
        CHECK(outermost.cancelled());
    });
    CHECK(dropped == 0);
}

TEST_CASE("a chain of a hundred thousand shields is dropped with the loop, and cancelling it ends its outermost task") {
    int dropped = run_and_drop([]() -> coro<> {
        auto outermost = co_await start_tasks(shielded);
        outermost.cancel();
        co_await turns(2);
        CHECK(outermost.cancelled());
    });
    CHECK(dropped == deep - 1);
}

TEST_CASE("a hundred thousand shields around one future are dropped, cancelled and served") {
    auto shields = [](future<> inner) {
        future<> outer = inner;
        for (int i = 0; i < deep; ++i) outer = shield(outer);
        return outer;
    };
    run_and_drop([&]() -> coro<> {
        auto inner = create_future<>();
        shields(inner).cancel();
        auto outer = shields(inner);
        inner.set_result();
        co_await outer;
    });
}

TEST_CASE("the call graph of a long chain ends after a hundred tasks in a row") {
    run_and_drop([]() -> coro<> {
        auto all = tasks_from_within();
        co_await turns(1);
        const call_graph graph = capture_call_graph(all.front());
        int height = 0;
        for (const call_graph* g = &graph; !g->awaited_by.empty(); g = &g->awaited_by.front()) ++height;
        CHECK(height == 100);
        CHECK(format_call_graph(graph).size() < 1'000'000);
    });
}

TEST_CASE("a long chain of coroutines is shown whole by get_stack, and in part by dump_tasks") {
    run_and_drop([]() -> coro<> {
        int left = 0;
        auto chain = create_task(coroutines(deep, left));
        co_await turns(1);
        CHECK(chain.get_stack().size() == deep);
        const call_graph graph = capture_call_graph(chain, -10);
        CHECK(graph.call_stack.size() == 10);
        int file = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        REQUIRE(file >= 0);
        dump_tasks(file);
        CHECK(::lseek(file, 0, SEEK_END) > 0);
        CHECK(::lseek(file, 0, SEEK_END) < 100'000);
        ::close(file);
        chain.cancel();
        co_await turns(1);
    });
}

TEST_CASE("a million tasks wait at once, and are cancelled in their order") {
    int dropped = run_and_drop([]() -> coro<> {
        int waiting = 0, cancelled = 0;
        bool in_order = true;
        auto work = [&](int number) -> coro<> {
            ++waiting;
            try {
                co_await sleep(1h);
            } catch (const cancelled_error&) {
                in_order = in_order && cancelled == number;
                ++cancelled;
            }
        };
        std::vector<task<>> all;
        all.reserve(many);
        for (int i = 0; i < many; ++i) all.push_back(create_task(work(i)));
        co_await turns(1);
        CHECK(waiting == many);
        for (auto& t : all) t.cancel();
        co_await turns(1);
        CHECK(cancelled == many);
        CHECK(in_order);
    });
    CHECK(dropped == 0);
}
