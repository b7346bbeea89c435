// Settings from all their sources.
#include "config/load.hpp"

#include "config/json.hpp"
#include "tests/config/support.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <fstream>

using namespace girin::config;
using namespace girin::config::testing;

namespace {

class temporary_file {
 public:
    explicit temporary_file(std::string_view text) {
        const int descriptor = ::mkstemp(path.data());
        REQUIRE(descriptor >= 0);
        ::close(descriptor);
        std::ofstream(path) << text;
    }
    ~temporary_file() { ::unlink(path.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    std::string path = "/tmp/girin-settings-XXXXXX";
};

}  // namespace

TEST_CASE("nothing given means the defaults") {
    const parsed result = load_with({});
    CHECK(result.values == settings{});
    CHECK(result.action == action::serve);
    CHECK(result.warnings.empty());
    CHECK(origin_of(result, "workers") == "default");
    CHECK(load(0, nullptr, {}).values == settings{});
}

TEST_CASE("the command line goes before the environment, that before the file, that before the defaults") {
    const temporary_file file("{\n\"workers\": 2,\n\"threads\": 2,\n\"backlog\": 2}");
    const char* path = file.path.c_str();
    const parsed result = load_with({"-c", path, "-w", "4"},
                                    {{"GIRIN_WORKERS", "3"}, {"GIRIN_THREADS", "3"}, {"GIRIN_CONFIG", "/nowhere"}});
    CHECK(result.values.workers == 4);
    CHECK(result.values.threads == 3);
    CHECK(result.values.backlog == 2);
    CHECK(result.values.pool_queue == 256);
    CHECK(origin_of(result, "workers") == "command line -w");
    CHECK(origin_of(result, "threads") == "environment GIRIN_THREADS");
    CHECK(origin_of(result, "backlog") == file.path + ":4");
    CHECK(origin_of(result, "pool_queue") == "default");
}

TEST_CASE("every setting can be given in every way") {
    for (const definition& each : definitions()) {
        CAPTURE(each.name);
        settings expected;
        const std::string text = another_text(each);
        set_value(expected, each, {&text, 1}, "test");
        REQUIRE(expected != settings{});

        CHECK(load_with({}, {{environment_name(each.name), text}}).values == expected);
        const temporary_file file(to_json(expected));
        CHECK(load_with({"-c", file.path.c_str()}).values == expected);
        CHECK(load_with({}, {{"GIRIN_CONFIG", file.path}}).values == expected);
        for (const std::string_view flag : each.flags) {
            if (flag.empty()) continue;
            const bool is_bool = std::holds_alternative<bool settings::*>(each.field);
            const std::string typed = (text == "false" && is_bool ? "--no-" : "--") + std::string(flag.substr(2));
            if (is_bool)
                CHECK(load_with({typed.c_str()}).values == expected);
            else
                CHECK(load_with({std::string(flag).c_str(), text.c_str()}).values == expected);
        }
    }
    CHECK(load_with({"./a.so"}).values.application == "./a.so");
}

TEST_CASE("a list from one source replaces that of the other") {
    const parsed result = load_with({"-b", ":1", "-b", ":2"}, {{"GIRIN_BIND", ":3,:4"}});
    CHECK(result.values.bind == std::vector<bind_address>{{"0.0.0.0", 1, ""}, {"0.0.0.0", 2, ""}});
}

TEST_CASE("PORT and WEB_CONCURRENCY stand in for defaults only") {
    const environment variables{{"PORT", "5000"}, {"WEB_CONCURRENCY", "6"}};
    const parsed result = load_with({}, variables);
    CHECK(result.values.bind == std::vector<bind_address>{{"0.0.0.0", 5000, ""}});
    CHECK(result.values.workers == 6);
    CHECK(origin_of(result, "bind") == "environment PORT");
    CHECK(origin_of(result, "workers") == "environment WEB_CONCURRENCY");
    const temporary_file file("{\"bind\": \":1\", \"workers\": 2}");
    CHECK(load_with({"-c", file.path.c_str()}, variables).values.workers == 2);
    CHECK(load_with({"-b", ":1"}, {{"PORT", "tcp://10.0.0.1:80"}}).values.bind.front().port == 1);
    CHECK(message_of([] { load_with({}, {{"WEB_CONCURRENCY", "auto"}}); }) ==
          "workers (environment WEB_CONCURRENCY): expected a whole number from 1 to 1024, got 'auto'");
    CHECK(message_of([] { load_with({}, {{"PORT", "http"}}); }).starts_with("bind (environment PORT): "));
}

TEST_CASE("an empty variable counts as not set") {
    CHECK(load_with({}, {{"GIRIN_WORKERS", ""}, {"GIRIN_CONFIG", ""}, {"PORT", ""}, {"WEB_CONCURRENCY", ""}}).values ==
          settings{});
}

TEST_CASE("a wrong value is refused by setting, place and expectation, even where a higher source overrides it") {
    CHECK(message_of([] { load_with({"-w", "-1"}); }) ==
          "workers (command line -w): expected a whole number from 1 to 1024, got '-1'");
    CHECK(message_of([] { load_with({"-w", "1"}, {{"GIRIN_WORKERS", "0"}}); }) ==
          "workers (environment GIRIN_WORKERS): expected a whole number from 1 to 1024, got '0'");
    const temporary_file file("{\n\n\"workers\": \"many\"}");
    CHECK(message_of([&] { load_with({"-w", "1", "-c", file.path.c_str()}); }) ==
          "workers (" + file.path + ":3): expected a whole number from 1 to 1024, got the string 'many'");
}

TEST_CASE("an unknown key in the file is refused and names the nearest setting") {
    const auto complaint = [](std::string_view key) {
        const temporary_file file("{\n\"" + std::string(key) + "\": 4}");
        const std::string message = message_of([&] { load_with({"-c", file.path.c_str()}); });
        const std::size_t place = message.find(file.path);
        return place == message.npos ? message
                                     : message.substr(0, place) + "FILE" + message.substr(place + file.path.size());
    };
    CHECK(complaint("wrokers") == "unknown setting 'wrokers' in FILE:2; did you mean 'workers'?");
    CHECK(complaint("log-level") == "unknown setting 'log-level' in FILE:2; did you mean 'loglevel'?");
    CHECK(complaint("access_logfile") == "unknown setting 'access_logfile' in FILE:2; did you mean 'accesslog'?");
    CHECK(complaint("keepalive") == "unknown setting 'keepalive' in FILE:2; did you mean 'keep_alive'?");
    CHECK(complaint("certfile") == "unknown setting 'certfile' in FILE:2");
    CHECK(complaint("") == "unknown setting '' in FILE:2");
}

TEST_CASE("a file that cannot be read is refused with the reason") {
    CHECK(message_of([] { load_with({"-c", "/nowhere.json"}); }) ==
          "cannot read the settings file '/nowhere.json' (command line --config): No such file or directory");
    CHECK(message_of([] { load_with({}, {{"GIRIN_CONFIG", "/tmp"}}); }) ==
          "cannot read the settings file '/tmp' (environment GIRIN_CONFIG): Is a directory");
    CHECK(message_of([] {
              load_with({"-c", ""}, {{"GIRIN_CONFIG", "/nowhere"}});
          }).starts_with("cannot read the settings file '' (command line --config)"));
}

TEST_CASE("an unknown GIRIN_ variable is a warning that names the nearest") {
    const parsed result = load_with({}, {{"GIRIN_WROKERS", "4"},
                                         {"GIRIN_LOG_LEVEL", "debug"},
                                         {"GIRIN_ACCESS_LOGFILE", "-"},
                                         {"GIRIN_KEEPALIVE", "5"},
                                         {"GIRIN_workers", "4"},
                                         {"GIRIN_SOMETHING_ELSE", "1"},
                                         {"girin_workers", "4"},
                                         {"XGIRIN_WORKERS", "4"}});
    CHECK(result.values == settings{});
    CHECK(result.warnings ==
          std::vector<std::string>{
              "unknown environment variable GIRIN_ACCESS_LOGFILE is ignored; did you mean GIRIN_ACCESSLOG?",
              "unknown environment variable GIRIN_KEEPALIVE is ignored; did you mean GIRIN_KEEP_ALIVE?",
              "unknown environment variable GIRIN_LOG_LEVEL is ignored; did you mean GIRIN_LOGLEVEL?",
              "unknown environment variable GIRIN_SOMETHING_ELSE is ignored",
              "unknown environment variable GIRIN_WROKERS is ignored; did you mean GIRIN_WORKERS?",
              "unknown environment variable GIRIN_workers is ignored; did you mean GIRIN_WORKERS?"});
}

TEST_CASE("what Kubernetes sets for a service called girin is no warning") {
    CHECK(load_with({}, {{"GIRIN_PORT", "tcp://10.0.0.1:80"},
                         {"GIRIN_PORT_80_TCP_ADDR", "10.0.0.1"},
                         {"GIRIN_SERVICE_HOST", "10.0.0.1"}})
              .warnings.empty());
}

TEST_CASE("GIRIN_DEBUG is the event loop's, and no warning") {
    CHECK(load_with({}, {{"GIRIN_DEBUG", "1"}}).warnings.empty());
}

TEST_CASE("help, version and health read no settings") {
    const environment broken{{"GIRIN_WORKERS", "x"}, {"GIRIN_CONFIG", "/nowhere"}};
    CHECK(load_with({"--version"}, broken).text.starts_with("girin (version "));
    CHECK(load_with({"--help", "-w", "x"}, broken).text.starts_with("usage: girin "));
    CHECK(load_with({"health", "http://localhost:1/"}, broken).health_url == "http://localhost:1/");
}

TEST_CASE("health without a URL asks where a server of the same environment listens") {
    CHECK(load_with({"health"}).health_url == "http://127.0.0.1:8000/");
    CHECK(load_with({"health"}, {{"PORT", "9000"}}).health_url == "http://127.0.0.1:9000/");
    CHECK(load_with({"health"}, {{"GIRIN_BIND", "unix:/run/a,10.0.0.1:1"}, {"PORT", "9000"}}).health_url ==
          "http://10.0.0.1:1/");
    CHECK(load_with({"health"}, {{"GIRIN_BIND", "[::]:1"}, {"GIRIN_WORKERS", "x"}}).health_url == "http://[::1]:1/");
    CHECK(message_of([] { load_with({"health"}, {{"GIRIN_BIND", "unix:/run/a"}}); }) ==
          "the server listens at no TCP address: give girin health the URL to ask");
    CHECK(load_with({"health", "http://localhost:1/"}, {{"PORT", "9000"}}).health_url == "http://localhost:1/");
}

TEST_CASE("print shows every setting with its origin") {
    const std::string text = print(load_with({"-w", "4", "-b", ":1,:2"}, {{"GIRIN_TIMEOUT", "90"}}));
    CHECK(text.find("\nworkers = 4  # command line -w\n") != text.npos);
    CHECK(text.find("\nbind = 0.0.0.0:1,0.0.0.0:2  # command line -b\n") != text.npos);
    CHECK(text.find("\ntimeout = 1m30s  # environment GIRIN_TIMEOUT\n") != text.npos);
    CHECK(text.find("\nroot_path = \"\"  # default\n") != text.npos);
    CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == definitions().size());
}

TEST_CASE("the environment of the process is read as names and values") {
    REQUIRE(::setenv("GIRIN_TEST_OF_ENVIRONMENT", "a=b", 1) == 0);
    CHECK(current_environment().at("GIRIN_TEST_OF_ENVIRONMENT") == "a=b");
    REQUIRE(::unsetenv("GIRIN_TEST_OF_ENVIRONMENT") == 0);
    CHECK(current_environment().count("GIRIN_TEST_OF_ENVIRONMENT") == 0);
}
