#include "server/worker/worker_process.hpp"

#include "aio/io_wait.hpp"
#include "server/log/log.hpp"
#include "server/supervision/exit_codes.hpp"
#include "server/worker/async_connection.hpp"
#include "server/worker/describe.hpp"
#include "server/worker/inline_executor.hpp"
#include "server/worker/settings_for.hpp"

#include <girin/exceptions.hpp>
#include <girin/gather.hpp>
#include <girin/sleep.hpp>
#include <girin/task.hpp>
#include <girin/thread_pool.hpp>
#include <girin/timeout.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace girin::worker {

namespace {

// What requests leave of the graceful time twice, first for the cancelled ones to unwind and then for lifespan's
// shut-down, and half of it, so that the worker has left when the master's patience ends. But never more than half of
// all.
constexpr auto most_kept = std::chrono::milliseconds(500);

coro<> end(std::vector<task<>>& tasks) {
    for (task<>& t : tasks) t.cancel();
    co_await gather(return_exceptions, std::exchange(tasks, {}));
}

}  // namespace

worker_process::worker_process(const config::settings& s, application app, const supervision::worker_start_info& start,
                               supervision::channel& master)
    : settings_(s),
      scoreboard_(unique_fd(start.scoreboard).get(), start.slot, start.generation),
      master_(master),
      master_watch_(::fcntl(master.fd(), F_DUPFD_CLOEXEC, 0)),
      app_(std::move(app)),
      lifespan_(app_, lifespan_use_of(s)),
      service_(app_, connection_options_of(s), limits_of(s)),
      signals_{SIGTERM, SIGINT, SIGQUIT, SIGUSR1} {
    if (!s.accesslog.empty()) access_ = std::make_unique<access_log>(s.accesslog, s.access_log_format);
    service_.scoreboard = &scoreboard_;
    service_.access = access_.get();
    const client_handler serve_client = choose_kind();
    const std::size_t most = s.worker_class == config::worker_kind::sync ? 1 : s.worker_connections;
    for (int listener : start.listeners) acceptors_.emplace_back(service_, roster_, most, serve_client, listener);
}

// What makes the kinds of workers differ: who runs the functions that block, and who moves the bytes.
client_handler worker_process::choose_kind() {
    if (settings_.worker_class == config::worker_kind::threads) {
        crew_ = std::make_unique<thread_crew>(service_, settings_.threads);
        return [this](unique_fd socket, const peer_name& client, const address& local) {
            crew_->serve(std::move(socket), client, local);
        };
    }
    if (settings_.worker_class == config::worker_kind::sync)
        blocking_ = std::make_unique<inline_executor>();
    else
        blocking_ =
            std::make_unique<thread_pool>(thread_pool::options{settings_.threads, settings_.pool_queue, "girin"});
    service_.blocking = blocking_.get();
    return [this](unique_fd socket, const peer_name& client, const address& local) {
        async_connection::serve(service_, girin::detail::descriptor(socket.release()), client, local);
    };
}

coro<int> worker_process::serve() {
    std::vector<task<>> watchers;
    watchers.push_back(create_task(beat()));
    watchers.push_back(create_task(watch_master()));
    watchers.push_back(create_task(watch_signals()));

    const std::string failure = co_await start_up();
    if (failure.empty() && !stopping_.done()) {
        service_.state = lifespan_.state();
        std::vector<task<>> accepting;
        for (acceptor& a : acceptors_) {
            accepting.push_back(create_task(a.run()));
            accepting.back().add_done_callback([this](const auto& run) { accepting_ended(run); });
        }
        scoreboard_.set_state(supervision::worker_state::ready);
        master_.send(supervision::message::ready());
        co_await stopping_;
        co_await end(accepting);
        co_await drain();
    }
    if (!failure.empty()) {
        log::error(failure);
        master_.send(supervision::message::boot_failed(supervision::exit_boot_failed, failure));
    }
    co_await shut_down();
    co_await end(watchers);
    if (access_) access_->flush();
    if (!failure.empty()) co_return supervision::exit_boot_failed;
    log::info("Worker exiting (pid: " + std::to_string(::getpid()) + ")");
    co_return supervision::exit_ok;
}

// Nobody would notice that a worker does not accept: it is ready, and its peers leave clients to it.
void worker_process::accepting_ended(const future<>& run) {
    if (stopping_.done()) return;
    log::critical("This worker cannot accept any more, and stops: " + describe(run.exception()));
    stop_soon(stop::gracefully);
}

// Returns why the application refuses to start up, or nothing.
coro<std::string> worker_process::start_up() {
    task<> starting = create_task(lifespan_.startup());
    stopping_.add_done_callback([starting](auto) { starting.cancel("the worker stops"); });
    try {
        co_await starting;
    } catch (const startup_failed& e) {
        co_return std::string("Application startup failed: ") + e.what();
    } catch (const cancelled_error&) {
        if (!stopping_.done()) throw;
    }
    co_return "";
}

// Finishes what is running, within the graceful time.
coro<> worker_process::drain() {
    scoreboard_.set_state(supervision::worker_state::draining);
    service_.on_empty = [this] { finish_draining(); };
    service_.drain();
    task<> finishing = create_task(finish_accepting());
    try {
        co_await wait_for(drained_, settings_.graceful_timeout - kept_time() * 5 / 2);
    } catch (const timeout_error&) {
    }
    finishing.cancel();
    co_await gather(return_exceptions, finishing);
    for (acceptor& a : acceptors_) a.close();
    if (service_.connections() != 0) co_await end_connections();
}

// Leaves who waits to be accepted to the other workers, or to those that the master will start. When there will be
// none, all that stop serve them together.
coro<> worker_process::finish_accepting() {
    hear_master();
    if (last_call_) {
        std::vector<task<>> finishing;
        for (acceptor& a : acceptors_) finishing.push_back(create_task(a.finish(settings_.backlog)));
        co_await gather(return_exceptions, std::move(finishing));
    }
    for (acceptor& a : acceptors_) a.close();
    accepts_ = false;
    finish_draining();
}

coro<> worker_process::end_connections() {
    if (!hurried_.done()) log::warning("Forcing close of " + std::to_string(service_.connections()) + " connections");
    service_.abort();
    const auto until = loop::running().time() + kept_time();
    while (service_.connections() != 0 && loop::running().time() < until) co_await sleep(std::chrono::milliseconds(1));
    if (is_stuck()) log::error(std::to_string(service_.connections()) + " requests cannot be ended");
}

// What requests have left of the graceful time is lifespan's.
coro<> worker_process::shut_down() {
    task<> ending = create_task(lifespan_.shutdown());
    hurried_.add_done_callback(
        [ending](const auto&) { loop::running().call_later(most_kept, [ending] { ending.cancel(); }); });
    const auto left = stopped_at_ + settings_.graceful_timeout - kept_time() / 2 - loop::running().time();
    co_await wait_for(ending, std::max<loop::duration>(left, kept_time()));
}

std::chrono::milliseconds worker_process::kept_time() const {
    return hurried_.done() ? most_kept : std::min(most_kept, settings_.graceful_timeout / 5);
}

void worker_process::finish_draining() {
    const bool over = hurried_.done() || (!accepts_ && service_.connections() == 0);
    if (over && !drained_.done()) drained_.set_result();
}

void worker_process::stop_soon(stop how) {
    if (how == stop::quickly && !hurried_.done()) {
        hurried_.set_result();
        finish_draining();
    }
    if (stopping_.done()) return;
    stopped_at_ = loop::running().time();
    stopping_.set_result();
}

// Shows the master and the peers that the loop turns.
coro<> worker_process::beat() {
    for (;;) {
        scoreboard_.beat(supervision::clock::now());
        co_await sleep(supervision::heartbeat_interval);
    }
}

// Takes in what the master has said; false when it is gone.
bool worker_process::hear_master() {
    using supervision::channel;
    supervision::message message;
    for (;;) {
        const channel::received what = master_.receive(message, channel::descriptors::accept);
        if (what == channel::received::nothing) return true;
        if (what == channel::received::closed) return last_call_ = true, false;
        if (what != channel::received::message) continue;
        roster_.apply(message);
        if (message.what == supervision::message::kind::last_call) last_call_ = true;
    }
}

coro<> worker_process::watch_master() {
    co_await girin::detail::io_wait(master_watch_, [this] { return !hear_master(); });
    if (!stopping_.done()) log::info("Parent changed, shutting down");
    stop_soon(stop::gracefully);
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

}  // namespace girin::worker
