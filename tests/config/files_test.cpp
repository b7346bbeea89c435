// The ready-made files beside the settings' sources.
#include "tests/config/support.hpp"

#include <doctest/doctest.h>

using namespace girin::config;
using namespace girin::config::testing;

TEST_CASE("the example settings file loads") {
    const std::string path = GIRIN_SOURCE_TREE "/config/girin.json";
    const parsed result = load_with({"--config", path.c_str()});
    CHECK(result.values.application == "/srv/app/libapp.so");
    CHECK(result.values.workers == 4);
    CHECK(result.values.bind.size() == 2);
    CHECK(result.values.limit_request_body == 16 << 20);
    CHECK(origin_of(result, "workers").starts_with(path));
}
