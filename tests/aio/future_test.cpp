#include "tests/support/run_virtual.hpp"

#include <girin/async_generator.hpp>
#include <girin/future.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;

TEST_CASE("a future is pending, and then done once and for all") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        CHECK_FALSE(f.done());
        CHECK_THROWS_AS(f.result(), invalid_state_error);
        CHECK_THROWS_AS(f.exception(), invalid_state_error);
        f.set_result(1);
        CHECK(f.done());
        CHECK_FALSE(f.cancelled());
        CHECK(f.result() == 1);
        CHECK(f.exception() == nullptr);
        CHECK_THROWS_AS(f.set_result(2), invalid_state_error);
        CHECK_THROWS_AS(f.set_exception(std::runtime_error("x")), invalid_state_error);
        CHECK_FALSE(f.cancel());
        CHECK(f.result() == 1);
        co_return;
    });
}

TEST_CASE("a cancelled future raises cancelled_error with cancel's message, and refuses a result") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        CHECK(f.cancel("why"));
        CHECK(f.cancelled());
        CHECK(f.done());
        CHECK_FALSE(f.cancel("again"));
        CHECK_THROWS_AS(f.set_result(1), invalid_state_error);
        CHECK_THROWS_AS(f.set_exception(std::domain_error("x")), invalid_state_error);
        for (int i = 0; i < 4; ++i) {
            std::string message;
            try {
                if (i % 2 == 0)
                    f.result();
                else
                    f.exception();
            } catch (const cancelled_error& e) {
                message = e.message();
            }
            CHECK(message == "why");
        }
        co_return;
    });
}

TEST_CASE("a failed future raises its exception every time") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        f.set_exception(std::out_of_range("x"));
        CHECK_THROWS_AS(f.result(), std::out_of_range);
        CHECK_THROWS_AS(f.result(), std::out_of_range);
        CHECK(f.exception() != nullptr);
        CHECK_THROWS_AS(co_await f, std::out_of_range);
    });
}

TEST_CASE("a future's exception must be one") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        CHECK_THROWS_AS(f.set_exception(std::exception_ptr()), std::invalid_argument);
        CHECK_FALSE(f.done());
        co_return;
    });
}

TEST_CASE("only its coroutine decides the outcome of a task, also through a future that refers to it") {
    run_virtual([]() -> coro<> {
        auto body = []() -> coro<int> { co_return 1; };
        task<int> t = create_task(body());
        future<int> same = t;
        CHECK_THROWS_AS(same.set_result(2), std::runtime_error);
        CHECK_THROWS_AS(same.set_exception(std::domain_error("x")), std::runtime_error);
        int value = co_await same;
        CHECK(value == 1);
    });
}

TEST_CASE("all who await a future resume in order of arrival with the same result") {
    run_virtual([]() -> coro<> {
        auto f = create_future<std::string>();
        std::string order;
        auto waiter = [&](char name) -> coro<const std::string*> {
            const std::string& value = co_await f;
            order += name;
            co_return &value;
        };
        std::vector<task<const std::string*>> waiters;
        for (char name : {'a', 'b', 'c'}) waiters.push_back(create_task(waiter(name)));
        co_await sleep(0s);
        f.set_result("value");
        for (auto& w : waiters) {
            const std::string* seen = co_await w;
            CHECK(seen == &f.result());
        }
        CHECK(order == "abc");
    });
}

TEST_CASE("awaiting a temporary leaves the value to those who still hold the future") {
    run_virtual([]() -> coro<> {
        auto kept = create_future<std::string>();
        auto get = [&] { return kept; };
        kept.set_result(100, 'x');
        std::string first = co_await get();
        std::string second = co_await get();
        CHECK(first.size() == 100);
        CHECK(second.size() == 100);
        CHECK(kept.result().size() == 100);
    });
}

TEST_CASE("a move-only result is moved out of a temporary and referred to otherwise") {
    run_virtual([]() -> coro<> {
        auto f = create_future<std::unique_ptr<int>>();
        f.set_result(std::make_unique<int>(3));
        const auto& seen = co_await f;
        CHECK(*seen == 3);
        auto taken = co_await std::move(f);
        CHECK(*taken == 3);
    });
}

TEST_CASE("containers of what cannot be copied are moved like it") {
    run_virtual([]() -> coro<> {
        using owners = std::vector<std::unique_ptr<int>>;
        auto body = []() -> coro<owners> {
            owners result;
            result.push_back(std::make_unique<int>(1));
            co_return result;
        };
        owners list = co_await create_task(body());
        CHECK(*list.at(0) == 1);
        auto f = create_future<std::pair<int, std::map<int, owners>>>();
        f.set_result();
        auto pair = co_await std::move(f);
        CHECK(pair.second.empty());
    });
}

TEST_CASE("a future of a reference refers to the very object") {
    run_virtual([]() -> coro<> {
        int object = 1;
        auto f = create_future<int&>();
        f.set_result(object);
        CHECK(&f.result() == &object);
        int& awaited = co_await f;
        CHECK(&awaited == &object);
        auto body = [&]() -> coro<int&> { co_return object; };
        int& of_task = co_await create_task(body());
        CHECK(&of_task == &object);
    });
}

TEST_CASE("a future of nothing has a result all the same") {
    run_virtual([]() -> coro<> {
        auto f = create_future();
        f.set_result();
        f.result();
        co_await f;
        co_await std::move(f);
    });
}

TEST_CASE("a value whose construction throws leaves the future pending") {
    struct picky {
        explicit picky(int n) {
            if (n < 0) throw std::domain_error("negative");
        }
    };
    run_virtual([]() -> coro<> {
        auto f = create_future<picky>();
        CHECK_THROWS_AS(f.set_result(-1), std::domain_error);
        CHECK_FALSE(f.done());
        f.set_result(1);
        co_await f;
    });
}

TEST_CASE("a done callback can be removed until it is scheduled") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        std::string order;
        auto a = f.add_done_callback([&](auto) { order += 'a'; });
        auto b = f.add_done_callback([&](auto) { order += 'b'; });
        CHECK(f.remove_done_callback(a) == 1);
        CHECK(f.remove_done_callback(a) == 0);
        f.set_result(1);
        CHECK(f.remove_done_callback(b) == 0);
        co_await sleep(0s);
        CHECK(order == "b");
    });
}

TEST_CASE("a done callback gets the future, which lives at least until then") {
    run_virtual([]() -> coro<> {
        int seen = 0;
        {
            auto f = create_future<int>();
            f.add_done_callback([&](const future<int>& done) { seen = done.result(); });
            f.set_result(9);
        }
        CHECK(seen == 0);
        co_await sleep(0s);
        CHECK(seen == 9);
    });
}

TEST_CASE("a done callback may add and remove others, and the future's handles, while it is removed") {
    struct removes_another {
        future<int>* f;
        std::size_t* other;
        ~removes_another() {
            if (f && f->core()) f->remove_done_callback(*other);
        }
    };
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        std::size_t other = 0;
        bool ran = false;
        auto number = f.add_done_callback([r = std::make_shared<removes_another>(&f, &other)](auto) {});
        other = f.add_done_callback([&](auto) { ran = true; });
        CHECK(f.remove_done_callback(number) == 1);
        CHECK(f.remove_done_callback(other) == 0);
        f.set_result(1);
        co_await sleep(0s);
        CHECK_FALSE(ran);
    });
}

TEST_CASE("a pending future that nobody holds is freed with its callbacks, which are not called") {
    run_virtual([]() -> coro<> {
        auto captured = std::make_shared<int>();
        bool ran = false;
        {
            auto f = create_future<int>();
            f.add_done_callback([&ran, captured](auto) { ran = true; });
            CHECK(captured.use_count() == 2);
        }
        CHECK(captured.use_count() == 1);
        co_await sleep(0s);
        CHECK_FALSE(ran);
    });
}

TEST_CASE("4.20 a pending future that nobody holds is not reported") {
    int reported = 0;
    run_virtual([&]() -> coro<> {
        loop::running().set_exception_handler([&](loop&, const auto&) { ++reported; });
        create_future<int>();
        co_await sleep(0s);
    });
    CHECK(reported == 0);
}

TEST_CASE("an exception from a done callback is reported and the next one runs") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> reported;
        loop::running().set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
        auto f = create_future<int>();
        bool ran = false;
        f.add_done_callback([](auto) { throw 1; });
        f.add_done_callback([&](auto) { ran = true; });
        f.set_result(1);
        co_await sleep(0s);
        CHECK(ran);
        CHECK(reported == std::vector<std::string>{"Exception in callback"});
        loop::running().set_exception_handler(nullptr);
    });
}

TEST_CASE("an exception that nobody retrieved is reported once, and not when somebody did or cancelled") {
    run_virtual([]() -> coro<> {
        std::vector<std::string> reported;
        loop::running().set_exception_handler([&](loop&, const auto& context) {
            reported.push_back(context.message);
            CHECK_THROWS_WITH_AS(std::rethrow_exception(context.exception), "lost", std::runtime_error);
        });
        create_future<int>().set_exception(std::runtime_error("lost"));
        CHECK(reported == std::vector<std::string>{"Future exception was never retrieved"});
        reported.clear();
        {
            auto seen = create_future<int>();
            seen.set_exception(std::runtime_error("seen"));
            seen.exception();
            auto cancelled = create_future<int>();
            cancelled.set_exception(std::runtime_error("cancelled afterwards"));
            CHECK_FALSE(cancelled.cancel());
            auto pending = create_future<int>();
        }
        CHECK(reported.empty());
        loop::running().set_exception_handler(nullptr);
        co_return;
    });
}

TEST_CASE("an exception that is lost while the loop stands still is reported to its handler") {
    loop l;
    std::vector<std::string> reported;
    l.set_exception_handler([&](loop&, const auto& context) { reported.push_back(context.message); });
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> f = l.run_until_complete(make());
    f.set_exception(std::runtime_error("lost"));
    f = {};
    CHECK(reported.size() == 1);
}

TEST_CASE("awaiting a future of another loop raises") {
    loop other;
    auto make = []() -> coro<future<int>> { co_return create_future<int>(); };
    future<int> foreign = other.run_until_complete(make());
    run_virtual([&]() -> coro<> { CHECK_THROWS_AS(co_await foreign, std::runtime_error); });
    foreign.set_result(1);
    run_virtual([&]() -> coro<> {
        int value = co_await foreign;
        CHECK(value == 1);
    });
}

TEST_CASE("a future outlives its loop: it can be read, completed and dropped") {
    future<int> pending, done;
    bool ran = false;
    auto captured = std::make_shared<int>();
    run_virtual([&]() -> coro<> {
        pending = create_future<int>();
        pending.add_done_callback([&ran, captured](auto) { ran = true; });
        done = create_future<int>();
        done.set_result(1);
        co_return;
    });
    CHECK(done.result() == 1);
    done.add_done_callback([&ran](auto) { ran = true; });
    pending.set_result(2);
    CHECK(pending.result() == 2);
    CHECK(captured.use_count() == 1);
    CHECK_FALSE(ran);
    run_virtual([&]() -> coro<> {
        auto again = create_future<int>();
        co_await sleep(0s);
        int value = co_await done;
        CHECK(value == 1);
    });
    CHECK_FALSE(ran);
}

TEST_CASE("a future outlives a loop that was closed with a task waiting for it") {
    future<int> f;
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            f = create_future<int>();
            create_task([](future<int> awaited) -> coro<> { co_await awaited; }, f);
            loop::running().call_soon([] { loop::running().stop(); });
        });
        l.run_forever();
    }
    f.set_result(1);
    CHECK(f.result() == 1);
}

TEST_CASE("completing a future outside the running loop wakes its waiters when the loop goes on") {
    loop l;
    future<int> f;
    task<int> t;
    auto start = [&]() -> coro<> {
        f = create_future<int>();
        t = create_task([](future<int> awaited) -> coro<int> { co_return co_await awaited; }, f);
        co_await sleep(0s);
    };
    l.run_until_complete(start());
    f.set_result(5);
    CHECK(l.run_until_complete(t) == 5);
}

TEST_CASE("4.07 done callbacks never run inside set_result, set_exception or cancel") {
    run_virtual([]() -> coro<> {
        int ran = 0;
        std::vector<future<int>> all;
        for (int i = 0; i < 3; ++i) {
            all.push_back(create_future<int>());
            all.back().add_done_callback([&](const auto&) { ++ran; });
        }
        all[0].set_result(1);
        all[1].set_exception(std::domain_error("x"));
        all[2].cancel();
        CHECK(ran == 0);
        co_await sleep(0s);
        CHECK(ran == 3);
        CHECK(all[1].exception() != nullptr);
    });
}

TEST_CASE("4.11 a done callback that runs may add others, and it is too late to remove one") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        std::string order;
        std::size_t last = 0;
        f.add_done_callback([&](const future<int>& done) {
            order += 'a';
            done.add_done_callback([&](const auto&) { order += 'c'; });
            CHECK(done.remove_done_callback(last) == 0);
        });
        last = f.add_done_callback([&](const auto&) { order += 'b'; });
        f.set_result(1);
        co_await sleep(0s);
        CHECK(order == "ab");
        co_await sleep(0s);
        CHECK(order == "abc");
    });
}

TEST_CASE("a future that is used wrongly says what to do instead") {
    run_virtual([]() -> coro<> {
        auto f = create_future<int>();
        CHECK_THROWS_WITH_AS(f.result(), doctest::Contains("await the future"), invalid_state_error);
        CHECK_THROWS_WITH_AS(f.exception(), doctest::Contains("await the future"), invalid_state_error);
        f.set_result(1);
        CHECK_THROWS_WITH_AS(f.set_result(2), doctest::Contains("ask done()"), invalid_state_error);
        co_return;
    });
}
