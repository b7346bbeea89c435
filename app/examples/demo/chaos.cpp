#include "chaos.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace demo {

namespace {

using girin::coro;
using girin::request;
using girin::response;

coro<response> crash(request&) {
    std::abort();
    co_return response();
}

coro<response> hang(request&) {
    for (;;) pause();
    co_return response();
}

coro<response> fail(request&) {
    throw std::runtime_error("thrown by /throw");
    co_return response();
}

}  // namespace

bool wants_chaos() {
    const char* chaos = std::getenv("DEMO_CHAOS");
    return chaos && std::string_view(chaos) == "1";
}

void add_chaos(girin::app& app) {
    app.get("/crash", crash);
    app.get("/hang", hang);
    app.get("/throw", fail);
}

}  // namespace demo
