#include "app/testing/exchange.hpp"
#include "app/testing/worker_life.hpp"

#include <girin/headers.hpp>
#include <girin/loop.hpp>
#include <girin/runner.hpp>
#include <girin/testing.hpp>

#include <exception>
#include <utility>

namespace girin {

test_request& test_request::header(std::string_view name, std::string_view value) {
    headers.emplace_back(name, value);
    return *this;
}

test_request& test_request::body(std::string whole) {
    parts = {std::move(whole)};
    return *this;
}

test_request& test_request::chunks(std::vector<std::string> p) {
    parts = std::move(p);
    return *this;
}

test_request& test_request::leave_after(std::chrono::nanoseconds time) {
    leaving = time;
    return *this;
}

std::optional<std::string_view> test_response::header(std::string_view name) const {
    for (const auto& [field, value] : headers)
        if (same_name(field, name)) return value;
    return std::nullopt;
}

struct test_client::state {
    explicit state(application a, const test_client_options& o) : app(std::move(a)), options(o) {}
    ~state() { detail::finish_loop(events); }

    // Owns all that the application borrows, because a request that never ends stays behind on the loop.
    coro<test_response> run(test_request req);

    application app;
    test_client_options options;
    testing::worker_life life;
    girin::loop events{loop_options{.virtual_time = true}};
};

coro<test_response> test_client::state::run(test_request req) {
    testing::exchange exchange(req, options, life.state());
    const bool cancels = req.method == "GET" || req.method == "HEAD" || req.method == "OPTIONS";
    task<void> work = create_task(app(exchange.scope(), exchange, exchange));
    timer_handle leaving;
    if (req.leaving) {
        leaving = events.call_later(*req.leaving, [&, work] {
            exchange.leave();
            if (cancels) work.cancel("the client has left");
        });
        work.add_done_callback([leaving](const auto&) mutable { leaving.cancel(); });
    }
    try {
        co_await work;
    } catch (const client_disconnected&) {
        if (!exchange.has_left()) throw;
    } catch (const cancelled_error&) {
        if (!exchange.has_left()) throw;
    } catch (...) {
        if (options.raise_exceptions) throw;
        if (!exchange.has_started()) exchange.fail();
    }
    co_return exchange.result(!exchange.has_left() && options.raise_exceptions);
}

test_client::test_client(application app, const test_client_options& options)
    : state_(std::make_unique<state>(std::move(app), options)), unwinding_(std::uncaught_exceptions()) {
    state_->events.run_until_complete(state_->life.start_up(state_->app));
}

test_client::~test_client() noexcept(false) {
    if (std::uncaught_exceptions() == unwinding_) close();
}

test_response test_client::send(const test_request& req) {
    return state_->events.run_until_complete(state_->run(req));
}

void test_client::close() {
    state_->events.run_until_complete(state_->life.shut_down());
}

girin::loop& test_client::loop() noexcept {
    return state_->events;
}

}  // namespace girin
