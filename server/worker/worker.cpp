#include "server/worker/worker.hpp"

#include "aio/io_wait.hpp"
#include "config/json.hpp"
#include "server/loader/shared_object.hpp"
#include "server/log/log.hpp"
#include "server/supervision/channel.hpp"
#include "server/supervision/exit_codes.hpp"
#include "server/supervision/memory_file.hpp"
#include "server/supervision/roster.hpp"
#include "server/supervision/scoreboard_writer.hpp"
#include "server/worker/acceptor.hpp"
#include "server/worker/access_log.hpp"
#include "server/worker/describe.hpp"
#include "server/worker/inline_executor.hpp"
#include "server/worker/lifespan_run.hpp"
#include "server/worker/service.hpp"
#include "server/worker/settings_for.hpp"
#include "server/worker/signal_source.hpp"

#include <girin/gather.hpp>
#include <girin/runner.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>
#include <girin/timeout.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <vector>

namespace girin::worker {

namespace {

// What is left of the graceful time for lifespan's shut-down when requests have used up the rest.
constexpr auto kept_for_shutdown = std::chrono::milliseconds(500);
// How long cancelled requests may take to unwind.
constexpr auto unwinding_time = std::chrono::milliseconds(500);

enum class stop { gracefully, quickly };

class worker_process {
 public:
    worker_process(const config::settings& s, application app, const supervision::worker_start_info& start)
        : settings_(s),
          scoreboard_(start.scoreboard, start.slot, start.generation),
          channel_(unique_fd(::dup(start.channel))),
          channel_watch_(start.channel),
          app_(std::move(app)),
          lifespan_(app_, lifespan_use_of(s)),
          service_(app_, connection_options_of(s), limits_of(s)) {
        if (s.worker_class == config::worker_kind::sync)
            blocking_ = std::make_unique<inline_executor>();
        else
            blocking_ = std::make_unique<thread_pool>(thread_pool::options{s.threads, s.pool_queue, "girin"});
        if (!s.accesslog.empty()) access_ = std::make_unique<access_log>(s.accesslog, s.access_log_format);
        service_.blocking = blocking_.get();
        service_.scoreboard = &scoreboard_;
        service_.access = access_.get();
        std::size_t most = s.worker_class == config::worker_kind::sync ? 1 : s.worker_connections;
        for (int listener : start.listeners) acceptors_.emplace_back(service_, roster_, most, listener);
    }

    coro<int> serve();

 private:
    coro<> beat();
    coro<> watch_master();
    coro<> watch_signals();
    coro<> drain();
    void stop_soon(stop how);
    void finish_draining();

    const config::settings& settings_;
    supervision::scoreboard_writer scoreboard_;
    supervision::channel channel_;
    girin::detail::descriptor channel_watch_;
    supervision::roster roster_;
    application app_;
    lifespan_run lifespan_;
    service service_;
    std::unique_ptr<executor> blocking_;
    std::unique_ptr<access_log> access_;
    std::deque<acceptor> acceptors_;
    signal_source signals_{SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
    future<> stopping_ = create_future();
    future<> drained_ = create_future();  // no connection is left, or nobody wants to wait for that
    bool quickly_ = false;
};

coro<> end(std::vector<task<>>& tasks) {
    for (task<>& t : tasks) t.cancel();
    co_await gather(return_exceptions, std::exchange(tasks, {}));
}

coro<int> worker_process::serve() {
    std::vector<task<>> watchers;
    watchers.push_back(create_task(beat()));
    watchers.push_back(create_task(watch_master()));
    watchers.push_back(create_task(watch_signals()));

    task<> starting = create_task(lifespan_.startup());
    stopping_.add_done_callback([starting](auto) { starting.cancel("the worker stops"); });
    std::string failure;
    try {
        co_await starting;
    } catch (const startup_failed& e) {
        failure = std::string("Application startup failed: ") + e.what();
    } catch (const cancelled_error&) {
    }
    if (failure.empty() && !stopping_.done()) {
        service_.state = lifespan_.state();
        std::vector<task<>> accepting;
        for (acceptor& a : acceptors_) accepting.push_back(create_task(a.run()));
        scoreboard_.set_state(supervision::worker_state::ready);
        channel_.send(supervision::message::ready());
        co_await stopping_;
        co_await end(accepting);
        co_await drain();
        log::info("Worker exiting (pid: " + std::to_string(::getpid()) + ")");
    }
    co_await end(watchers);
    if (access_) access_->flush();
    if (failure.empty()) co_return supervision::exit_ok;
    log::error(failure);
    channel_.send(supervision::message::boot_failed(supervision::exit_boot_failed, failure));
    co_return supervision::exit_boot_failed;
}

// Finishes what is running, within the graceful time, and then lets the application shut down.
coro<> worker_process::drain() {
    scoreboard_.set_state(supervision::worker_state::draining);
    if (!quickly_)
        for (acceptor& a : acceptors_) a.accept_all();
    acceptors_.clear();
    service_.on_empty = [this] { finish_draining(); };
    service_.drain();
    if (service_.connections() == 0) finish_draining();
    auto time = std::max(settings_.graceful_timeout - kept_for_shutdown, settings_.graceful_timeout / 2);
    try {
        co_await wait_for(drained_, time);
    } catch (const timeout_error&) {
    }
    if (std::size_t left = service_.connections()) {
        if (!quickly_) log::warning("Forcing close of " + std::to_string(left) + " connections");
        service_.abort();
        for (auto until = loop::running().time() + unwinding_time;
             service_.connections() != 0 && loop::running().time() < until;)
            co_await sleep(std::chrono::milliseconds(1));
    }
    try {
        co_await wait_for(lifespan_.shutdown(), kept_for_shutdown);
    } catch (const timeout_error&) {
        log::error("The application's shut-down did not end in time");
    }
}

void worker_process::finish_draining() {
    if (!drained_.done()) drained_.set_result();
}

void worker_process::stop_soon(stop how) {
    if (how == stop::quickly) {
        quickly_ = true;
        finish_draining();
    }
    if (!stopping_.done()) stopping_.set_result();
}

// Shows the master and the peers that the loop turns.
coro<> worker_process::beat() {
    for (;;) {
        scoreboard_.beat(supervision::clock::now());
        co_await sleep(supervision::heartbeat_interval);
    }
}

coro<> worker_process::watch_master() {
    using supervision::channel;
    for (;;) {
        supervision::message message;
        channel::received what = channel::received::nothing;
        co_await girin::detail::io_wait(channel_watch_, [&] {
            what = channel_.receive(message, channel::descriptors::accept);
            return what != channel::received::nothing;
        });
        if (what == channel::received::message) roster_.apply(message);
        if (what != channel::received::closed) continue;
        if (!stopping_.done()) log::info("Parent changed, shutting down");
        stop_soon(stop::gracefully);
        co_return;
    }
}

coro<> worker_process::watch_signals() {
    for (;;) {
        int signo = co_await signals_.next();
        if (signo == SIGTERM) stop_soon(stop::gracefully);
        if (signo == SIGINT || signo == SIGQUIT) stop_soon(stop::quickly);
        if (signo != SIGUSR1) continue;
        try {
            log::reopen();
            if (access_) access_->reopen();
        } catch (const std::exception& e) {
            log::error(std::string("Cannot reopen the logs: ") + e.what());
        }
    }
}

coro<int> serve_process(const config::settings& settings, application app,
                        const supervision::worker_start_info& start) {
    loop::running().set_exception_handler([](loop&, const exception_context& context) {
        std::string line = context.message;
        if (!context.task_name.empty()) line += " (" + context.task_name + ")";
        log::error(context.exception ? line + ": " + describe(context.exception) : line);
    });
    auto process = std::make_unique<worker_process>(settings, std::move(app), start);
    co_return co_await process->serve();
}

}  // namespace

int run(const supervision::worker_start_info& start, const application_source& source) {
    config::settings settings = config::from_json(supervision::read_whole_file(start.settings));
    log::open(settings.errorlog, log_level_of(settings));
    std::string failure;
    int code = supervision::exit_app_not_loaded;
    try {
        ::setenv("GIRIN_GENERATION", std::to_string(start.generation).c_str(), 1);
        if (!settings.chdir.empty()) std::filesystem::current_path(settings.chdir);
        application app = source(settings);
        code = supervision::exit_boot_failed;
        return girin::run(serve_process(settings, std::move(app), start));
    } catch (const loader::load_error& e) {
        failure = e.what();
    } catch (...) {
        code = supervision::exit_boot_failed;
        failure = describe(std::current_exception());
    }
    log::error(failure);
    supervision::channel(unique_fd(start.channel)).send(supervision::message::boot_failed(code, failure));
    return code;
}

}  // namespace girin::worker
