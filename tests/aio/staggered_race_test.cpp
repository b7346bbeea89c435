#include "tests/support/run_virtual.hpp"
#include "tests/support/turns.hpp"

#include <girin/sleep.hpp>
#include <girin/staggered_race.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace girin;
using namespace std::chrono_literals;
using girin::test::run_virtual;
using girin::test::turns;

namespace {

// Attempts that note when they begin and how they end.
struct race_of {
    struct plan {
        std::chrono::seconds lasts;
        bool succeeds;
    };

    std::string events;
    loop::time_point start = loop::running().time();

    void note(std::string what) {
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(loop::running().time() - start).count();
        events += (events.empty() ? "" : " ") + what + "@" + std::to_string(seconds);
    }

    auto attempt(std::string name, plan p) {
        return [this, name, p]() -> coro<std::string> {
            note(name);
            try {
                co_await sleep(p.lasts);
            } catch (const cancelled_error&) {
                note(name + "-cancelled");
                throw;
            }
            if (!p.succeeds) throw std::domain_error(name);
            co_return name;
        };
    }
    auto attempts(std::vector<plan> plans) {
        std::vector<decltype(attempt("", plan()))> all;
        for (auto& p : plans) all.push_back(attempt(std::string(1, static_cast<char>('a' + all.size())), p));
        return all;
    }
};

std::string kinds_of(const std::vector<std::exception_ptr>& exceptions) {
    std::string kinds;
    for (const auto& e : exceptions) {
        kinds += kinds.empty() ? "" : " ";
        try {
            if (e) std::rethrow_exception(e);
            kinds += "null";
        } catch (const cancelled_error&) {
            kinds += "cancelled";
        } catch (const std::exception& raised) {
            kinds += raised.what();
        }
    }
    return kinds;
}

}  // namespace

TEST_CASE("28.01 starts the first function at once, the next after `delay`") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{10s, true}, {10s, true}, {1s, true}}), 2s);
        CHECK(r.events == "a@0 b@2 c@4 a-cancelled@5 b-cancelled@5");
        CHECK(result.value == "c");
    });
}

TEST_CASE("28.01 starts the next as soon as the previous one failed") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{1s, false}, {1s, false}, {1s, true}}), 1h);
        CHECK(r.events == "a@0 b@1 c@2");
        CHECK(result.value == "c");
        CHECK(result.winner == 2);
        CHECK(kinds_of(result.exceptions) == "a b null");
    });
}

TEST_CASE("28.01 the failure of one that is not the previous one starts nothing") {
    run_virtual([]() -> coro<> {
        race_of r;
        co_await staggered_race(r.attempts({{3s, false}, {9s, true}, {9s, true}}), 2s);
        CHECK(r.events == "a@0 b@2 c@4 c-cancelled@11");
    });
}

TEST_CASE("28.01 without a delay they are strictly one after another") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{50s, false}, {70s, true}, {1s, true}}), std::nullopt);
        CHECK(r.events == "a@0 b@50");
        CHECK(result.value == "b");
    });
}

TEST_CASE("28.01 with a delay of zero all are started at once") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{2s, true}, {1s, true}, {3s, true}}), 0s);
        CHECK(r.events == "a@0 b@0 c@0 a-cancelled@1 c-cancelled@1");
        CHECK(result.winner == 1);
    });
}

TEST_CASE("28.02 the first success wins: all others are cancelled and awaited, with entries for those started") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{1s, false}, {9s, true}, {2s, true}, {1s, true}}), 3s);
        CHECK(result.value == "c");
        CHECK(result.winner == 2);
        CHECK(kinds_of(result.exceptions) == "a cancelled null");
        CHECK(all_tasks().size() == 1);
    });
}

TEST_CASE("28.03 if two succeed in the same turn the earlier index wins and the other is reported as cancelled") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{5s, true}, {3s, true}}), 2s);
        CHECK(result.value == "a");
        CHECK(result.winner == 0);
        CHECK(kinds_of(result.exceptions) == "null cancelled");
    });
}

TEST_CASE("28.03 one that swallows its cancellation and returns has lost all the same") {
    run_virtual([]() -> coro<> {
        auto make = [](bool stubborn) {
            return [stubborn]() -> coro<int> {
                try {
                    co_await sleep(stubborn ? 1h : 1s);
                } catch (const cancelled_error&) {
                    co_return 7;
                }
                co_return 1;
            };
        };
        auto result = co_await staggered_race(std::vector{make(true), make(false)}, 0s);
        CHECK(result.value == 1);
        CHECK(result.winner == 1);
        CHECK(kinds_of(result.exceptions) == "cancelled null");
    });
}

TEST_CASE("28.04 none succeeds: no value, no index, all exceptions") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({{1s, false}, {2s, false}}), 1h);
        CHECK(result.value == std::nullopt);
        CHECK(result.winner == std::nullopt);
        CHECK(kinds_of(result.exceptions) == "a b");
    });
}

TEST_CASE("28.04 empty input gives no value, no index, no exceptions") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto result = co_await staggered_race(r.attempts({}), 1h);
        CHECK(result.value == std::nullopt);
        CHECK(result.winner == std::nullopt);
        CHECK(result.exceptions.empty());
    });
}

TEST_CASE("28.05 cancelling it cancels every running one and waits for them") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto slow_to_leave = [&](std::string name) {
            return [&r, name]() -> coro<> {
                std::exception_ptr raised;
                try {
                    co_await sleep(1h);
                } catch (const cancelled_error& e) {
                    raised = std::current_exception();
                    r.note(name + e.message());
                }
                co_await sleep(1s);
                r.note(name + "-gone");
                std::rethrow_exception(raised);
            };
        };
        std::vector attempts{slow_to_leave("a"), slow_to_leave("b"), slow_to_leave("c")};
        auto racing = create_task(staggered_race(attempts, 1s));
        co_await sleep(1500ms);
        racing.cancel("!");
        std::string message;
        try {
            co_await racing;
        } catch (const cancelled_error& e) {
            message = e.message();
        }
        CHECK(message == "!");
        CHECK(r.events == "a!@1 b!@1 a-gone@2 b-gone@2");
    });
}

TEST_CASE("results may be nothing, references and move-only") {
    run_virtual([]() -> coro<> {
        int object = 1;
        auto reference = [&]() -> coro<int&> { co_return object; };
        auto of_reference = co_await staggered_race(std::vector{reference}, std::nullopt);
        CHECK(&of_reference.value->get() == &object);
        auto of_nothing = co_await staggered_race(std::vector{[]() -> coro<> { co_await sleep(1s); }}, 1s);
        CHECK(of_nothing.winner == 0);
        CHECK(of_nothing.value.has_value());
        auto owner = []() -> coro<std::unique_ptr<int>> { co_return std::make_unique<int>(2); };
        auto of_owner = co_await staggered_race(std::vector{owner}, 1s);
        CHECK(**of_owner.value == 2);
    });
}

TEST_CASE("a race can be bounded by wait_for") {
    run_virtual([]() -> coro<> {
        race_of r;
        CHECK_THROWS_AS(co_await wait_for(staggered_race(r.attempts({{1h, true}}), 1s), 2s), timeout_error);
        CHECK(r.events == "a@0 a-cancelled@2");
    });
}

TEST_CASE("keyboard_interrupt out of an attempt is raised by the race, which ends the others") {
    loop l({.virtual_time = true});
    bool cancelled = false, raised = false;
    auto program = [&]() -> coro<> {
        auto attempt = [&](bool interrupts) {
            return [&cancelled, interrupts]() -> coro<> {
                try {
                    co_await sleep(1s);
                } catch (const cancelled_error&) {
                    cancelled = true;
                    throw;
                }
                if (interrupts) throw keyboard_interrupt();
                co_await turns(100);
            };
        };
        try {
            co_await staggered_race(std::vector{attempt(false), attempt(true)}, 0s);
        } catch (const keyboard_interrupt&) {
            raised = true;
        }
    };
    auto running = program();
    CHECK_THROWS_AS(l.run_until_complete(std::move(running)), keyboard_interrupt);
    l.run_until_complete(turns(10));
    CHECK(raised);
}

TEST_CASE("an attempt that somebody else cancels before its start does not stop the race") {
    run_virtual([]() -> coro<> {
        race_of r;
        auto racing = create_task(staggered_race(r.attempts({{1s, true}, {1s, true}}), std::nullopt));
        auto before = all_tasks();
        loop::running().call_soon([&] {
            for (auto& t : all_tasks())
                if (std::find(before.begin(), before.end(), t) == before.end()) t.cancel();
        });
        auto result = co_await racing;
        CHECK(result.winner == 0);
        CHECK(r.events == "a@0");
    });
}

TEST_CASE("a loop may be closed while a race goes on") {
    auto alive = std::make_shared<int>();
    {
        loop l;
        l.set_exception_handler([](loop&, const auto&) {});
        l.call_soon([&] {
            auto attempt = [alive]() -> coro<> { co_await sleep(1h); };
            create_task(staggered_race(std::vector{attempt, attempt, attempt}, 1us));
            loop::running().call_later(5ms, [] { loop::running().stop(); });
        });
        l.run_forever();
    }
    CHECK(alive.use_count() == 1);
}
