#include "server/master/descriptor_limit.hpp"

#include "tests/support/log_capture.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

using girin::master::raise_descriptor_limit;

TEST_CASE("the limit of descriptors is raised to what the system allows, and one that is too small is told") {
    log_capture log;
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit low = {std::min<rlim_t>(before.rlim_max, 256), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    raise_descriptor_limit(1);
    rlimit after{};
    ::getrlimit(RLIMIT_NOFILE, &after);
    CHECK(after.rlim_cur == before.rlim_max);
    CHECK(log.text().empty());
    raise_descriptor_limit(static_cast<unsigned>(after.rlim_cur));
    CHECK(log.count("descriptors (RLIMIT_NOFILE)") == 1);
    ::setrlimit(RLIMIT_NOFILE, &before);
}
