// Where handlers run.
#include <girin/app.hpp>
#include <girin/asgi.hpp>
#include <girin/context_var.hpp>
#include <girin/loop.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/testing.hpp>
#include <girin/thread_pool.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using girin::coro;
using girin::request;
using girin::response;
using girin::test_client;
using girin::test_request;

namespace {

// An application that offers an executor to the one inside, as a worker does.
girin::app with_executor(girin::executor& pool) {
    girin::app app;
    app.middleware([&pool](girin::application inner) {
        return [&pool, inner](const girin::scope& s, girin::receiver& receive, girin::sender& send) -> coro<void> {
            const girin::scope with_pool = s.with(pool);
            co_await inner(with_pool, receive, send);
        };
    });
    return app;
}

// Takes nothing.
struct full_pool final : girin::executor {
    bool try_submit(girin::detail::pool_job&) override { return false; }
    bool take_back(girin::detail::pool_job&) noexcept override { return false; }
};

// Runs everything at once, in the loop's thread, as a sync worker does.
struct inline_pool final : girin::executor {
    bool try_submit(girin::detail::pool_job& job) override {
        ++jobs;
        job.accepted();
        job.call();
        job.hand_over();
        return true;
    }
    bool take_back(girin::detail::pool_job&) noexcept override { return false; }
    int jobs = 0;
};

// Keeps jobs until it is told to run them.
struct waiting_pool final : girin::executor {
    bool try_submit(girin::detail::pool_job& job) override {
        job.accepted();
        jobs.push_back(&job);
        on_submit();
        return true;
    }
    bool take_back(girin::detail::pool_job& job) noexcept override {
        if (std::erase(jobs, &job) == 0) return false;
        job.taken_back();
        return true;
    }
    std::vector<girin::detail::pool_job*> jobs;
    std::function<void()> on_submit;
};

}  // namespace

TEST_CASE("a handler that returns coro<response> runs on the loop's thread") {
    girin::app app;
    std::thread::id seen;
    app.get("/", [&seen](request&) -> coro<response> {
        seen = std::this_thread::get_id();
        co_return "";
    });
    test_client(app).get("/");
    CHECK(seen == std::this_thread::get_id());
}

TEST_CASE("a handler that returns response runs on another thread while the loop goes on") {
    std::atomic<bool> loop_went_on = false;
    std::thread::id seen;
    girin::app app;
    app.get("/", [&](request&) -> response {
        seen = std::this_thread::get_id();
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!loop_went_on && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        return loop_went_on ? "the loop went on" : "the loop stood still";
    });
    test_client client(app);
    client.loop().call_soon([&] { loop_went_on = true; });
    CHECK(client.get("/").body == "the loop went on");
    CHECK(seen != std::this_thread::get_id());
}

TEST_CASE("a plain handler sees the context variables of its request, wherever it runs") {
    static const girin::context_var<std::string> user("user", "nobody");
    inline_pool pool;
    girin::app on_thread, on_executor = with_executor(pool);
    for (girin::app* app : {&on_thread, &on_executor}) {
        app->middleware([](request& req, girin::next& next) -> coro<response> {
            user.set(req.query<std::string>("user", ""));
            co_return co_await next(req);
        });
        app->get("/", [](request&) -> response {
            std::string seen = user.get();
            user.set("the handler");
            return seen;
        });
        test_client client(*app);
        CHECK(client.get("/?user=Ada").body == "Ada");
        CHECK(client.get("/?user=Ben").body == "Ben");
        CHECK(user.get() == "nobody");
    }
}

TEST_CASE("on_loop keeps a plain handler on the loop's thread") {
    std::thread::id seen;
    girin::app app;
    app.get("/", girin::on_loop([&seen](request& req) -> response {
                seen = std::this_thread::get_id();
                return req.path();
            }));
    CHECK(test_client(app).get("/").body == "/");
    CHECK(seen == std::this_thread::get_id());
}

TEST_CASE("a plain handler finds its body read") {
    girin::app app;
    app.max_body(4);
    app.post("/", [](request& req) -> response { return req.data(); });
    test_client client(app);
    CHECK(client.send(test_request("POST", "/").chunks({"ab", "cd"})).body == "abcd");
    CHECK(client.post("/", "abcde").status == 413);
}

TEST_CASE("what a plain handler raises is handled as if a coroutine had raised it") {
    girin::app app;
    app.get("/http", [](request&) -> response { throw girin::http_error(418); });
    app.get("/boom", [](request&) -> response { throw std::runtime_error("boom"); });
    app.get("/inline", girin::on_loop([](request&) -> response { throw girin::http_error(410); }));
    test_client client(app);
    CHECK(client.get("/http").status == 418);
    CHECK(client.get("/inline").status == 410);
    CHECK_THROWS_WITH_AS(client.get("/boom"), "boom", std::runtime_error);
}

TEST_CASE("a full pool is answered 503 with Retry-After") {
    full_pool pool;
    girin::app app = with_executor(pool);
    app.get("/", [](request&) -> response { return "never"; });
    const auto answer = test_client(app).get("/");
    CHECK(answer.status == 503);
    CHECK(answer.header("retry-after") == "1");
}

TEST_CASE("on_error<pool_full> answers a full pool in its own way") {
    full_pool pool;
    girin::app app = with_executor(pool);
    app.get("/", [](request&) -> response { return "never"; });
    app.on_error<girin::pool_full>([](request&, const girin::pool_full&) { return response("busy", 429); });
    CHECK(test_client(app).get("/").status == 429);
}

TEST_CASE("plain handlers run on the executor that the server offers") {
    inline_pool pool;
    girin::app app = with_executor(pool);
    std::thread::id seen;
    app.get("/", [&seen](request&) -> response {
        seen = std::this_thread::get_id();
        return "done";
    });
    test_client client(app);
    CHECK(client.get("/").body == "done");
    CHECK(client.get("/").body == "done");
    CHECK(pool.jobs == 2);
    CHECK(seen == std::this_thread::get_id());
}

TEST_CASE("a client that leaves takes its plain handler back while it is queued") {
    waiting_pool pool;
    girin::app app = with_executor(pool);
    bool called = false;
    app.get("/", [&called](request&) -> response {
        called = true;
        return "";
    });
    test_client client(app);
    // The clock stands still while a job is queued.
    pool.on_submit = [&] { client.loop().call_soon([&] { client.loop().advance(1s); }); };
    CHECK(client.send(test_request("GET", "/").leave_after(1s)).status == 0);
    CHECK(pool.jobs.empty());
    CHECK(!called);
}

TEST_CASE("a client that leaves while its plain handler runs is waited for by the handler's request") {
    std::atomic<bool> left = false;
    std::string path_after;
    girin::app app;
    girin::loop* loop = nullptr;
    app.get("/a/{rest:path}", [&](request& req) -> response {
        loop->call_soon_threadsafe([&] {
            loop->advance(2s);
            loop->call_soon([&] { loop->call_soon([&] { left = true; }); });
        });
        while (!left) std::this_thread::yield();
        path_after = req.path_param("rest");
        return "";
    });
    test_client client(app);
    loop = &client.loop();
    const auto answer =
        client.send(test_request("GET", "/a/some/longer/path/that/lives/in/the/request").leave_after(1s));
    CHECK(answer.status == 0);
    CHECK(path_after == "some/longer/path/that/lives/in/the/request");
}
