// What a worker process consists of, and its life: start-up, serving, draining, shut-down.
#pragma once

#include "aio/reactor.hpp"
#include "config/settings.hpp"
#include "server/supervision/channel.hpp"
#include "server/supervision/roster.hpp"
#include "server/supervision/scoreboard_writer.hpp"
#include "server/supervision/worker_start.hpp"
#include "server/worker/acceptor.hpp"
#include "server/worker/access_log.hpp"
#include "server/worker/lifespan_run.hpp"
#include "server/worker/service.hpp"
#include "server/worker/signal_source.hpp"
#include "server/worker/thread_crew.hpp"

#include <girin/application.hpp>
#include <girin/executor.hpp>
#include <girin/future.hpp>

#include <deque>
#include <memory>

namespace girin::worker {

class worker_process {
 public:
    // In a running loop. Takes over the listeners and the scoreboard of `start`; `master` must outlive this. Throws
    // std::system_error, and what the access log throws.
    worker_process(const config::settings& s, application app, const supervision::worker_start_info& start,
                   supervision::channel& master);

    // Serves until a signal or the master's end tells it to stop, and returns the exit code.
    coro<int> serve();
    // Whether requests go on that could not be ended: nothing of this may then be destroyed.
    bool is_stuck() const noexcept { return service_.connections() != 0; }

 private:
    enum class stop { gracefully, quickly };

    client_handler choose_kind();
    coro<> beat();
    bool hear_master();
    coro<> watch_master();
    coro<> watch_signals();
    coro<std::string> start_up();
    void accepting_ended(const future<>& run);
    coro<> drain();
    coro<> finish_accepting();
    coro<> end_connections();
    coro<> shut_down();
    std::chrono::milliseconds kept_time() const;
    void stop_soon(stop how);
    void finish_draining();

    const config::settings& settings_;
    supervision::scoreboard_writer scoreboard_;
    supervision::channel& master_;
    girin::detail::descriptor master_watch_;
    supervision::roster roster_;
    application app_;
    lifespan_run lifespan_;
    service service_;
    std::unique_ptr<executor> blocking_;  // async and sync
    std::unique_ptr<thread_crew> crew_;   // threads
    std::unique_ptr<access_log> access_;
    std::deque<acceptor> acceptors_;
    signal_source signals_;
    future<> stopping_ = create_future();
    future<> hurried_ = create_future();  // nobody wants to wait for anything
    future<> drained_ = create_future();  // no connection is left and none comes, or hurried_
    loop::time_point stopped_at_;
    bool last_call_ = false;  // the master listens no more, or is gone
    bool accepts_ = true;
};

}  // namespace girin::worker
