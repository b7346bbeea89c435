#include "server/log/access_log.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

using girin::log::access_log_format;
using girin::log::access_record;
using namespace std::chrono_literals;

namespace {

constexpr std::array<girin::header, 3> request_fields{
    {{"user-agent", "ua \"quoted\"\n"}, {"referer", "http://x/"}, {"authorization", "Basic dXNlcjpwdw=="}}};
constexpr std::array<girin::header, 1> response_fields{{{"Content-Type", "text/plain"}}};

access_record sample() {
    return {.remote_address = "127.0.0.1",
            .method = "GET",
            .target = "/a%20b?c=1",
            .path = "/a b",
            .query = "c=1",
            .protocol = "HTTP/1.1",
            .request_headers = request_fields,
            .response_headers = response_fields,
            .status = 200,
            .body_bytes = 13,
            .duration = 62s + 34'567us,
            .finished = 1'795'164'787};
}

std::string line(std::string_view pattern, const access_record& record) {
    access_log_format format(pattern);
    std::string out;
    format.append(out, record);
    return out;
}

struct utc {
    utc() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
    ~utc() {
        ::unsetenv("TZ");
        ::tzset();
    }
};

}  // namespace

TEST_CASE("the default is Gunicorn's combined format") {
    const utc zone;
    CHECK(line(girin::log::default_access_log_format, sample()) ==
          "127.0.0.1 - user [20/Nov/2026:08:53:07 +0000] \"GET /a%20b?c=1 HTTP/1.1\" 200 13 \"http://x/\" "
          "\"ua \\\"quoted\\\"\\x0a\"\n");
}

TEST_CASE("what is missing is a dash") {
    const utc zone;
    const access_record bare{.method = "GET", .target = "/", .path = "/", .protocol = "HTTP/1.0", .status = 304};
    CHECK(line(girin::log::default_access_log_format, bare) ==
          "- - - [01/Jan/1970:00:00:00 +0000] \"GET / HTTP/1.0\" 304 - \"-\" \"-\"\n");
}

TEST_CASE("every atom has its value") {
    ::setenv("ACCESS_LOG_TEST", "from env", 1);
    const std::string pid = "<" + std::to_string(::getpid()) + ">\n";
    CHECK(line("%(m)s %(U)s %(q)s %(H)s %(B)s", sample()) == "GET /a b c=1 HTTP/1.1 13\n");
    CHECK(line("%(T)s %(M)s %(D)s %(L)s", sample()) == "62 62034 62034567 62.034567\n");
    CHECK(line("%({Referer}i)s %({content-type}o)s %({ACCESS_LOG_TEST}e)s", sample()) ==
          "http://x/ text/plain from env\n");
    CHECK(line("%({X-None}i)s %({X-None}o)s %({NO_SUCH_VARIABLE}e)s", sample()) == "- - -\n");
    CHECK(line("100%% %(p)s", sample()) == "100% " + pid);
}

TEST_CASE("what a client sent cannot forge a line or leave its quotes") {
    access_record record = sample();
    record.target = "/\r\n127.0.0.1 - - \"GET /forged";
    CHECK(line("\"%(r)s\"", record) == "\"GET /\\x0d\\x0a127.0.0.1 - - \\\"GET /forged HTTP/1.1\"\n");
}

TEST_CASE("a line is appended, and the second is not mistaken for the cached one") {
    const utc zone;
    access_log_format format("%(t)s");
    access_record record = sample();
    std::string out = "x ";
    format.append(out, record);
    record.finished += 1;
    format.append(out, record);
    CHECK(out == "x [20/Nov/2026:08:53:07 +0000]\n[20/Nov/2026:08:53:08 +0000]\n");
}

TEST_CASE("an unknown atom is refused by name") {
    CHECK_THROWS_AS(access_log_format("%(z)s"), std::invalid_argument);
    CHECK_THROWS_AS(access_log_format("%({x}z)s"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(access_log_format("%(h)s %h"),
                         "the access log format must have %(atom)s or %% where it has '%h'", std::invalid_argument);
    CHECK_THROWS_AS(access_log_format("%(h"), std::invalid_argument);
}
