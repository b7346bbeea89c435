// The server's side of lifespan, with small raw applications.
#include "server/worker/lifespan_run.hpp"

#include "tests/support/log_capture.hpp"

#include <girin/exceptions.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/timeout.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace girin;
using worker::lifespan_run;
using worker::lifespan_use;
using worker::startup_failed;

namespace {

// Runs body(lifespan_run&) on a loop of virtual time, and ends the lifespan after it.
template <class Body>
void with_lifespan(application app, lifespan_use use, Body body) {
    auto main = [&]() -> coro<> {
        lifespan_run lifespan(app, use);
        co_await body(lifespan);
        co_await lifespan.shutdown();
    };
    run(main(), {.virtual_time = true});
}

// Starts it up and says how that ended.
coro<std::string> outcome_of(lifespan_run& lifespan) {
    try {
        co_await lifespan.startup();
    } catch (const startup_failed& e) {
        co_return std::string("failed: ") + e.what();
    }
    co_return lifespan.state() ? "started" : "without";
}

coro<> raises(const scope&, receiver&, sender&) {
    throw std::runtime_error("no lifespan here");
    co_return;
}

coro<> returns(const scope&, receiver&, sender&) {
    co_return;
}

}  // namespace

TEST_CASE("startup waits for the application's answer, shutdown for its end") {
    std::string events;
    const application app = [&](const scope& s, receiver& receive, sender& send) -> coro<> {
        events += s.type == scope_type::lifespan ? "lifespan " : "something else ";
        events += std::string((co_await receive()).type()) + " ";
        co_await sleep(std::chrono::seconds(1));
        s.state->put(42);
        co_await send(lifespan_startup_complete());
        events += std::string((co_await receive()).type()) + " ";
        co_await sleep(std::chrono::seconds(1));
        co_await send(lifespan_shutdown_complete());
        co_await sleep(std::chrono::seconds(1));
        events += "end";
    };
    with_lifespan(app, lifespan_use::automatic, [&](lifespan_run& lifespan) -> coro<> {
        co_await lifespan.startup();
        CHECK(events == "lifespan lifespan.startup ");
        CHECK(*lifespan.state()->get<int>() == 42);
    });
    CHECK(events == "lifespan lifespan.startup lifespan.shutdown end");
}

TEST_CASE("an application that says that its start-up failed is not served") {
    for (lifespan_use use : {lifespan_use::automatic, lifespan_use::on}) {
        bool ended = false;
        const application app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
            co_await receive();
            co_await send(lifespan_startup_failed("no database"));
            try {
                co_await receive();
            } catch (const cancelled_error&) {
                ended = true;
            }
        };
        with_lifespan(app, use, [&](lifespan_run& lifespan) -> coro<> {
            const std::string outcome = co_await outcome_of(lifespan);
            CHECK(outcome == "failed: no database");
        });
        CHECK(ended);
    }
}

TEST_CASE("an application that does not know lifespan is served without, unless it must know it") {
    log_capture log(log::level::debug);
    for (const application& app : {application(raises), application(returns)}) {
        with_lifespan(app, lifespan_use::automatic, [&](lifespan_run& lifespan) -> coro<> {
            const std::string outcome = co_await outcome_of(lifespan);
            CHECK(outcome == "without");
        });
    }
    CHECK(log.count("ASGI 'lifespan' protocol appears unsupported") == 2);
    with_lifespan(raises, lifespan_use::on, [&](lifespan_run& lifespan) -> coro<> {
        const std::string outcome = co_await outcome_of(lifespan);
        CHECK(outcome == "failed: std::runtime_error: no lifespan here");
    });
    with_lifespan(returns, lifespan_use::on, [&](lifespan_run& lifespan) -> coro<> {
        const std::string outcome = co_await outcome_of(lifespan);
        CHECK(outcome == "failed: the application returned without an answer");
    });
}

TEST_CASE("an application that is no coroutine and raises is served without lifespan") {
    struct refuses {
        GIRIN_CORO_WRAPPER coro<> operator()(const scope&, receiver&, sender&) const { throw std::runtime_error("no"); }
    };
    with_lifespan(refuses(), lifespan_use::automatic, [&](lifespan_run& lifespan) -> coro<> {
        const std::string outcome = co_await outcome_of(lifespan);
        CHECK(outcome == "without");
    });
}

TEST_CASE("with lifespan off the application is not called") {
    bool called = false;
    const application app = [&](const scope&, receiver&, sender&) -> coro<> {
        called = true;
        co_return;
    };
    with_lifespan(app, lifespan_use::off, [&](lifespan_run& lifespan) -> coro<> {
        const std::string outcome = co_await outcome_of(lifespan);
        CHECK(outcome == "without");
    });
    CHECK_FALSE(called);
}

TEST_CASE("messages out of order raise out of send") {
    std::vector<std::string> refusals;
    const application app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        auto refused = [&](send_message message) -> coro<> {
            try {
                co_await send(message);
            } catch (const asgi_error& e) {
                refusals.push_back(e.what());
            }
        };
        const lifespan_shutdown_complete shutdown_complete;
        const lifespan_startup_complete startup_complete;
        const http_response_start start(200);
        co_await refused(shutdown_complete);
        co_await send(startup_complete);
        co_await refused(startup_complete);
        co_await refused(start);
        co_await receive();
        co_await receive();
        co_await refused(startup_complete);
        co_await send(shutdown_complete);
        co_await refused(shutdown_complete);
    };
    with_lifespan(app, lifespan_use::on, [&](lifespan_run& lifespan) -> coro<> { co_await lifespan.startup(); });
    REQUIRE(refusals.size() == 5);
    CHECK(refusals[0] ==
          "Expected ASGI message 'lifespan.startup.complete' or 'lifespan.startup.failed', but got "
          "'lifespan.shutdown.complete'.");
    CHECK(refusals[1] == "Expected ASGI message no message, but got 'lifespan.startup.complete'.");
    CHECK(refusals[2] == "Expected ASGI message no message, but got 'http.response.start'.");
    CHECK(refusals[3] ==
          "Expected ASGI message 'lifespan.shutdown.complete' or 'lifespan.shutdown.failed', but got "
          "'lifespan.startup.complete'.");
    CHECK(refusals[4] == "Expected ASGI message no message, but got 'lifespan.shutdown.complete'.");
}

TEST_CASE("an application that raises while it is served, or says that its shut-down failed, is logged") {
    log_capture log;
    const application raises_later = [](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        co_await send(lifespan_startup_complete());
        throw std::runtime_error("later");
    };
    const application fails = [](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        co_await send(lifespan_startup_complete());
        co_await receive();
        co_await send(lifespan_shutdown_failed("still busy"));
    };
    for (const application& app : {raises_later, fails})
        with_lifespan(app, lifespan_use::on, [](lifespan_run& lifespan) -> coro<> { co_await lifespan.startup(); });
    CHECK(log.count("Exception in the application's lifespan: std::runtime_error: later") == 1);
    CHECK(log.count("Application shutdown failed: still busy") == 1);
}

TEST_CASE("what an application says of its failure cannot make a line of the log") {
    log_capture log;
    const application start_up = [](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        co_await send(lifespan_startup_failed("one\n[CRITICAL] two"));
    };
    with_lifespan(start_up, lifespan_use::on, [](lifespan_run& lifespan) -> coro<> {
        const std::string outcome = co_await outcome_of(lifespan);
        CHECK(outcome == "failed: one\\x0a[CRITICAL] two");
    });
    const application shut_down = [](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        co_await send(lifespan_startup_complete());
        co_await receive();
        co_await send(lifespan_shutdown_failed("one\n[CRITICAL] two"));
    };
    with_lifespan(shut_down, lifespan_use::on, [](lifespan_run& lifespan) -> coro<> { co_await lifespan.startup(); });
    CHECK(log.count("Application shutdown failed: one\\x0a[CRITICAL] two") == 1);
}

TEST_CASE("an application may give up a receive and receive again") {
    std::string events;
    const application app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        co_await send(lifespan_startup_complete());
        for (;;) {
            try {
                co_await timeout(std::chrono::seconds(1),
                                 [&]() -> coro<> { events += std::string((co_await receive()).type()); });
                break;
            } catch (const timeout_error&) {
                events += "tick ";
            }
        }
        co_await send(lifespan_shutdown_complete());
    };
    with_lifespan(app, lifespan_use::on, [](lifespan_run& lifespan) -> coro<> {
        co_await lifespan.startup();
        co_await sleep(std::chrono::milliseconds(2'500));
    });
    CHECK(events == "tick tick lifespan.shutdown");
}

TEST_CASE("a start-up that is given up is cancelled, and its end awaited") {
    log_capture log;
    std::string events;
    const application app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        try {
            co_await sleep(std::chrono::hours(1));
        } catch (const cancelled_error&) {
            events += "cancelled ";
        }
        co_await sleep(std::chrono::seconds(1));
        events += "unwound";
        co_await send(lifespan_startup_complete());
    };
    with_lifespan(app, lifespan_use::on, [&](lifespan_run& lifespan) -> coro<> {
        task<> starting = create_task(lifespan.startup());
        co_await sleep(std::chrono::seconds(1));
        starting.cancel();
        bool cancelled = false;
        try {
            co_await starting;
        } catch (const cancelled_error&) {
            cancelled = true;
        }
        CHECK(cancelled);
        co_await lifespan.shutdown();
        CHECK(events == "cancelled unwound");
    });
    CHECK(log.text() == "");
}

TEST_CASE("a shut-down that is given up cancels the application, and is logged") {
    bool cancelled = false;
    const application app = [&](const scope&, receiver& receive, sender& send) -> coro<> {
        co_await receive();
        co_await send(lifespan_startup_complete());
        co_await receive();
        try {
            co_await sleep(std::chrono::hours(1));
        } catch (const cancelled_error&) {
            cancelled = true;
            throw;
        }
    };
    log_capture log;
    with_lifespan(app, lifespan_use::on, [&](lifespan_run& lifespan) -> coro<> {
        co_await lifespan.startup();
        co_await wait_for(lifespan.shutdown(), std::chrono::seconds(1));
        CHECK(cancelled);
    });
    CHECK(log.count("The application's shut-down did not end in time") == 1);
}
