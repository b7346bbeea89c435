#include "server/master/report.hpp"

#include <doctest/doctest.h>

#include <signal.h>

using namespace girin::master;
using namespace std::chrono_literals;

TEST_CASE("a death is told in Gunicorn's words") {
    CHECK(describe_death(7, 3 << 8, false) == "Worker (pid:7) exited with code 3.");
    CHECK(describe_death(7, SIGTERM, false) == "Worker (pid:7) was sent SIGTERM!");
    CHECK(describe_death(7, SIGSEGV | 0x80, false) == "Worker (pid:7) was sent SIGSEGV!");
}

TEST_CASE("a SIGKILL that the master did not send was probably the kernel's") {
    CHECK(describe_death(7, SIGKILL, false) == "Worker (pid:7) was sent SIGKILL! Perhaps out of memory?");
    CHECK(describe_death(7, SIGKILL, true) == "Worker (pid:7) was sent SIGKILL!");
}

TEST_CASE("a request in flight is told with its age, and its line cannot forge another") {
    CHECK(describe_in_flight(7, {"GET /hang", 5020ms}) ==
          "Worker (pid:7) had been on this request for 5.02 s: GET /hang");
    CHECK(describe_in_flight(7, {"GET /\n[x]", std::nullopt}) ==
          "Worker (pid:7) had been on this request for an unknown time: GET /\\x0a[x]");
}
