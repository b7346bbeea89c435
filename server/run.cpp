// What the command line asks for: a master, a worker, or a line of text.
#include "config/json.hpp"
#include "config/load.hpp"
#include "config/text.hpp"
#include "server/health.hpp"
#include "server/loader/load.hpp"
#include "server/loader/shared_object.hpp"
#include "server/log/access_log.hpp"
#include "server/log/escape.hpp"
#include "server/log/log.hpp"
#include "server/log/log_file.hpp"
#include "server/master/descriptor_limit.hpp"
#include "server/master/master.hpp"
#include "server/supervision/exit_codes.hpp"
#include "server/supervision/worker_start.hpp"
#include "server/worker/settings_for.hpp"
#include "server/worker/worker.hpp"
#include "server/working_folder.hpp"

#include <girin/run.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace girin {

namespace {

int complain(const std::string& message, int code) {
    std::fprintf(stderr, "\nError: %s\n", message.c_str());
    return code;
}

// A relative log file lies in the folder that the server was started in, not in the application's.
std::string log_path(const std::string& file) {
    if (file.empty() || file == "-") return file;
    std::string path = in_working_folder(file);
    if (!config::is_printable(path))
        throw config::config_error("the log file '" + log::escaped(path) +
                                   "' cannot be used: its path is not printable UTF-8");
    return path;
}

// These throw what would fail every worker.

void check_folder(const config::settings& s) {
    if (!s.chdir.empty() && ::access((s.chdir + "/.").c_str(), X_OK) != 0)
        throw config::config_error("cannot change to the folder '" + s.chdir + "' (chdir): " + std::strerror(errno));
}

void check_access_log(const config::settings& s) {
    static_cast<void>(log::access_log_format(s.access_log_format));
    if (!s.accesslog.empty()) static_cast<void>(log::log_file(s.accesslog, STDOUT_FILENO));
}

master::configuration configuration_of(config::settings s) {
    s.accesslog = log_path(s.accesslog);
    s.errorlog = log_path(s.errorlog);
    check_folder(s);
    check_access_log(s);
    master::configuration result;
    result.master.bind = s.bind;
    result.master.backlog = static_cast<int>(s.backlog);
    result.master.umask = s.umask;
    result.master.workers = s.workers;
    result.master.worker_class = s.worker_class == config::worker_kind::async  ? "async"
                                 : s.worker_class == config::worker_kind::sync ? "sync"
                                                                               : "threads";
    result.master.timeout = s.timeout;
    result.master.boot_timeout = s.boot_timeout;
    result.master.graceful_timeout = s.graceful_timeout;
    result.master.errorlog = s.errorlog;
    result.master.loglevel = worker::log_level_of(s);
    result.worker_settings = config::to_json(s);
    return result;
}

void require_one_application(const config::settings& s, bool linked_in) {
    if (linked_in && !s.application.empty())
        throw config::config_error("this program has its application linked in, and takes no '" + s.application + "'");
    if (!linked_in && s.application.empty())
        throw config::config_error("no application given: girin [options] ./libNAME.so (--help lists the options)");
}

// Where the settings are read again for a reload, whatever the current folder is by then.
struct settings_source {
    int argc;
    char** argv;
    bool linked_in;
    std::filesystem::path folder = working_folder();

    config::parsed load() const {
        std::error_code error;
        std::filesystem::current_path(folder, error);
        if (error)
            throw config::config_error("cannot change to the folder '" + log::escaped(folder.native()) +
                                       "', where this server was started: " + error.message());
        config::parsed parsed = config::load(argc, argv, config::current_environment());
        if (parsed.action == config::action::serve || parsed.action == config::action::check_config)
            require_one_application(parsed.values, linked_in);
        return parsed;
    }
};

void warn(const config::parsed& parsed) {
    for (const std::string& warning : parsed.warnings) log::warning(warning);
}

// For who asked for an answer and no server, whose log they would go to.
void print_warnings(const config::parsed& parsed) {
    for (const std::string& warning : parsed.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
}

int serve(const config::parsed& parsed, const settings_source& source) {
    log::open(log_path(parsed.values.errorlog), worker::log_level_of(parsed.values));
    warn(parsed);
    master::raise_descriptor_limit(parsed.values.worker_connections);
    std::vector<std::string> arguments(source.argv, source.argv + source.argc);
    return master::run(configuration_of(parsed.values), arguments, [&source] {
        const config::parsed again = source.load();
        warn(again);
        return configuration_of(again.values);
    });
}

int check(const config::parsed& parsed) {
    print_warnings(parsed);
    static_cast<void>(log::access_log_format(parsed.values.access_log_format));
    for (const std::string& file : {parsed.values.accesslog, parsed.values.errorlog})
        if (!file.empty()) log::check_log_file(log_path(file));
    check_folder(parsed.values);
    if (parsed.values.application.empty()) return supervision::exit_ok;
    if (!parsed.values.chdir.empty()) std::filesystem::current_path(parsed.values.chdir);
    loader::require_loadable(parsed.values.application);
    return supervision::exit_ok;
}

}  // namespace

int detail::run_server(int argc, char** argv, application (*make)(void*), void* context) {
    try {
        if (auto start = supervision::take_worker_start())
            return worker::run(*start, [&](const config::settings& s) {
                return make ? make(context) : loader::load_application(s.application);
            });
        settings_source source{argc, argv, make != nullptr};
        config::parsed parsed = source.load();
        switch (parsed.action) {
            case config::action::serve:
                return serve(parsed, source);
            case config::action::check_config:
                return check(parsed);
            case config::action::print_config:
                print_warnings(parsed);
                std::fputs(config::print(parsed).c_str(), stdout);
                break;
            case config::action::health:
                return check_health(parsed.health_url);
            case config::action::version:
            case config::action::help:
                std::fputs(parsed.text.c_str(), stdout);
                break;
        }
        return supervision::exit_ok;
    } catch (const loader::load_error& e) {
        return complain(e.what(), supervision::exit_app_not_loaded);
    } catch (const std::exception& e) {
        return complain(e.what(), supervision::exit_settings);
    }
}

int run(int argc, char** argv) {
    return detail::run_server(argc, argv, nullptr, nullptr);
}

}  // namespace girin
