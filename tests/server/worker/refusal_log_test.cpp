#include "server/worker/refusal_log.hpp"

#include "tests/support/log_capture.hpp"

#include <doctest/doctest.h>

using namespace girin;

TEST_CASE("a refusal is told with client, status and reason, and those of the same second are counted") {
    log_capture log;
    worker::refusal_log refusals;
    const worker::refusal_log::time_point start{};
    const http1::failure refused{400, "Host header missing"};
    for (int i = 0; i < 3; ++i) refusals.add(worker::peer_name(), refused, start + std::chrono::milliseconds(i * 400));
    CHECK(log.count("Invalid request from a unix socket: 400 Host header missing") == 1);
    refusals.add(worker::peer_name(), refused, start + std::chrono::seconds(1));
    CHECK(log.count("400 Host header missing (and 2 more since the last such line)") == 1);
}
