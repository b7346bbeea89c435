#include "server/log/log.hpp"

#include "tests/support/log_capture.hpp"
#include "tests/support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <regex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace log = girin::log;

TEST_CASE("a line has Gunicorn's format") {
    const log_capture capture;
    log::info("Starting girin");
    log::critical("WORKER TIMEOUT (pid:7)");
    const std::string head =
        R"(\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[)" + std::to_string(::getpid()) + R"(\] )";
    const std::regex lines(head + R"(\[INFO\] Starting girin\n)" + head + R"(\[CRITICAL\] WORKER TIMEOUT \(pid:7\)\n)");
    CHECK(std::regex_match(capture.text(), lines));
}

TEST_CASE("lines below the level are not written") {
    const log_capture capture(log::level::warning);
    log::debug("a");
    log::info("b");
    log::warning("c");
    log::error("d");
    CHECK(capture.count("[WARNING] c\n") == 1);
    CHECK(capture.count("[ERROR] d\n") == 1);
    CHECK(capture.count("\n") == 2);
    CHECK_FALSE(log::enabled(log::level::info));
    CHECK(log::enabled(log::level::warning));
}

TEST_CASE("braces in a message are not a format") {
    const log_capture capture;
    log::info("{} {0} %s");
    CHECK(capture.count("{} {0} %s\n") == 1);
}

TEST_CASE("a level has Gunicorn's name") {
    CHECK(log::level_named("debug") == log::level::debug);
    CHECK(log::level_named("critical") == log::level::critical);
    CHECK_THROWS_WITH_AS(log::level_named("loud"),
                         "the log level must be debug, info, warning, error or critical, not 'loud'",
                         std::invalid_argument);
}

TEST_CASE("reopen follows logrotate, and a log that cannot be opened leaves the old one in place") {
    const scratch_folder folder;
    const std::string path = folder.path("error.log");
    log::open(path, log::level::info);
    log::info("before");
    std::filesystem::rename(path, path + ".1");
    log::reopen();
    log::info("after");
    CHECK_THROWS_AS(log::open("/no/such/folder/log", log::level::info), std::system_error);
    log::info("still");
    log::open("-", log::level::info);
    CHECK(read_file(path + ".1").ends_with("] before\n"));
    CHECK(read_file(path).find("] after\n") != std::string::npos);
    CHECK(read_file(path).ends_with("] still\n"));
}

TEST_CASE("lines of several threads do not mix") {
    const log_capture capture;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([] {
            for (int line = 0; line < 100; ++line) log::info(std::string(200, 'x'));
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(capture.count("] " + std::string(200, 'x') + "\n[") == 399);
}
