// What the command line says, before any value is looked at.
#include "config/command_line.hpp"

#include "tests/config/support.hpp"

#include <doctest/doctest.h>

using namespace girin::config;
using namespace girin::config::testing;

namespace {

using arguments = std::vector<const char*>;

// `name=text(flag)` for each value given.
std::string values_of(const arguments& given) {
    std::string result;
    for (const auto& [setting, flag, text] : parse_command_line(given).values)
        result.append(result.empty() ? "" : " ")
            .append(setting->name)
            .append("=")
            .append(text)
            .append("(" + flag + ")");
    return result;
}

std::string complaint(const arguments& given) {
    return message_of([&given] { parse_command_line(given); });
}

}  // namespace

TEST_CASE("values come in the order typed, each with its flag") {
    CHECK(
        values_of({"./libdemo.so", "-w", "4", "-b", "127.0.0.1:8000", "-k", "async", "--threads", "8"}) ==
        "application=./libdemo.so() workers=4(-w) bind=127.0.0.1:8000(-b) worker_class=async(-k) threads=8(--threads)");
    CHECK(values_of({"-w4", "--workers=3", "--workers", "2"}) ==
          "workers=4(-w) workers=3(--workers) workers=2(--workers)");
    CHECK(values_of({"-b", ":1", "./a.so", "--bind", ":2"}) == "bind=:1(-b) application=./a.so() bind=:2(--bind)");
    CHECK(values_of({}).empty());
}

TEST_CASE("a value may be empty or look like a flag") {
    CHECK(values_of({"--access-logfile", "-"}) == "accesslog=-(--access-logfile)");
    CHECK(values_of({"-w", "-3"}) == "workers=-3(-w)");
    CHECK(values_of({"-w", "--thread"}) == "workers=--thread(-w)");
    CHECK(values_of({"--chdir=--threads"}) == "chdir=--threads(--chdir)");
    CHECK(values_of({"--root-path=", "./a.so"}) == "root_path=(--root-path) application=./a.so()");
    CHECK(values_of({"--root-path", "", "./a.so"}) == "root_path=(--root-path) application=./a.so()");
    CHECK(values_of({"--access-logformat", "[%(t)s, %(r)s]"}) ==
          "access_log_format=[%(t)s, %(r)s](--access-logformat)");
    CHECK(values_of({"--access-logformat=a=b"}) == "access_log_format=a=b(--access-logformat)");
    CHECK(values_of({"-b", "health"}) == "bind=health(-b)");
    CHECK(values_of({"--", "-odd.so"}) == "application=-odd.so()");
}

TEST_CASE("a bool has a flag for each value") {
    CHECK(values_of({"--half-close", "--no-date-header"}) ==
          "half_close=true(--half-close) date_header=false(--no-date-header)");
    CHECK(complaint({"--half-close=no"}) == "--half-close on the command line takes no value");
    CHECK(complaint({"--no-half-close=no"}) == "--no-half-close on the command line takes no value");
}

TEST_CASE("flags that are no settings say what to do") {
    CHECK(parse_command_line({}).action == action::serve);
    for (const char* flag : {"-h", "--help"}) CHECK(parse_command_line(arguments{flag}).action == action::help);
    for (const char* flag : {"-v", "--version"}) CHECK(parse_command_line(arguments{flag}).action == action::version);
    CHECK(parse_command_line(arguments{"--check-config"}).action == action::check_config);
    CHECK(parse_command_line(arguments{"--print-config"}).action == action::print_config);
    CHECK(parse_command_line(arguments{"--help", "--check-config"}).action == action::help);
    CHECK(parse_command_line(arguments{"-c", "a", "--config", "b"}).config_file == "b");
    CHECK_FALSE(parse_command_line({}).config_file);
}

TEST_CASE("girin health takes at most a URL") {
    const command_line line = parse_command_line(arguments{"health", "http://127.0.0.1:8000/up"});
    CHECK(line.action == action::health);
    CHECK(line.health_url == "http://127.0.0.1:8000/up");
    CHECK_FALSE(parse_command_line(arguments{"health"}).health_url);
    CHECK(parse_command_line(arguments{"health", ""}).health_url == "");
    const std::string expected = "girin health expects nothing but a URL, such as girin health http://127.0.0.1:8000/";
    CHECK(complaint({"health", "a", "b"}) == expected);
    CHECK(complaint({"health", "a", "-w", "3"}) == expected);
    CHECK(complaint({"-w", "3", "health", "a"}) == expected);
}

TEST_CASE("an unknown flag is refused and names the nearest") {
    CHECK(complaint({"--wrokers", "4"}) == "unknown flag --wrokers on the command line; did you mean --workers?");
    CHECK(complaint({"--wrokers=4"}) == "unknown flag --wrokers on the command line; did you mean --workers?");
    CHECK(complaint({"--log_level", "info"}) ==
          "unknown flag --log_level on the command line; did you mean --log-level?");
    CHECK(complaint({"--accesslog", "-"}) ==
          "unknown flag --accesslog on the command line; did you mean --access-logfile?");
    CHECK(complaint({"--no-dateheader"}) ==
          "unknown flag --no-dateheader on the command line; did you mean --no-date-header?");
    CHECK(complaint({"--chek-config"}) ==
          "unknown flag --chek-config on the command line; did you mean --check-config?");
    CHECK(complaint({"--certfile", "x"}) == "unknown flag --certfile on the command line; girin --help lists all");
    CHECK(complaint({"-Z"}) == "unknown flag -Z on the command line; girin --help lists all");
}

TEST_CASE("a missing value and an argument too many are refused") {
    CHECK(complaint({"./a.so", "-w"}) == "-w at the end of the command line expects a value");
    CHECK(complaint({"--bind", "--workers", "2", "./a.so"}) ==
          "--bind on the command line expects a value, got the flag --workers");
    CHECK(complaint({"-w", "--threads=3"}) == "-w on the command line expects a value, got the flag --threads=3");
    CHECK(complaint({"--config", "-h"}) == "--config on the command line expects a value, got the flag -h");
    CHECK(complaint({"--config"}) == "--config at the end of the command line expects a value");
    CHECK(complaint({"a.so", "b.so"}) == "unexpected argument 'b.so' on the command line, after the application");
}
