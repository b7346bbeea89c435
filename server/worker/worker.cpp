#include "server/worker/worker.hpp"

#include "aio/source_text.hpp"
#include "config/json.hpp"
#include "server/loader/shared_object.hpp"
#include "server/log/log.hpp"
#include "server/supervision/channel.hpp"
#include "server/supervision/exit_codes.hpp"
#include "server/supervision/memory_file.hpp"
#include "server/worker/describe.hpp"
#include "server/worker/orphan_alarm.hpp"
#include "server/worker/settings_for.hpp"
#include "server/worker/signal_source.hpp"
#include "server/worker/worker_process.hpp"

#include <girin/runner.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace girin::worker {

namespace {

coro<int> serve_process(const config::settings& settings, application app, const supervision::worker_start_info& start,
                        supervision::channel& master) {
    loop::running().set_exception_handler([](loop&, const exception_context& context) {
        std::string line = context.message;
        if (!context.task_name.empty()) line += " (" + context.task_name + ")";
        if (context.exception) line += ": " + describe(context.exception);
        if (!context.call_stack.empty()) line += ", " + girin::detail::place_text(context.call_stack.front());
        log::error(line);
    });
    auto process = std::make_unique<worker_process>(settings, std::move(app), start, master);
    const int code = co_await process->serve();
    // A function that blocks without end keeps its request, and that all it uses.
    if (process->is_stuck()) ::_exit(code);
    co_return code;
}

}  // namespace

int run(const supervision::worker_start_info& start, const application_source& source) {
    survive_broken_pipes();
    supervision::channel master{unique_fd(start.channel)};
    std::string failure;
    int code = supervision::exit_boot_failed;
    try {
        const config::settings settings =
            config::from_json(supervision::read_whole_file(unique_fd(start.settings).get()));
        log::open(settings.errorlog, log_level_of(settings));
        set_orphan_alarm(master, settings.graceful_timeout);
        ::setenv("GIRIN_GENERATION", std::to_string(start.generation).c_str(), 1);
        if (!settings.chdir.empty()) std::filesystem::current_path(settings.chdir);
        return girin::run(serve_process(settings, source(settings), start, master));
    } catch (const loader::load_error& e) {
        code = supervision::exit_app_not_loaded;
        failure = e.what();
    } catch (...) {
        failure = describe(std::current_exception());
    }
    log::error(failure);
    master.send(supervision::message::boot_failed(code, failure));
    return code;
}

}  // namespace girin::worker
