// Counts what a request allocates on its way through worker, contract and router. Not in sanitizer builds, which have
// allocators of their own and pool no frames.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include "tests/support/test_server.hpp"

#include <girin/app.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

using namespace girin;
using namespace girin::test;

namespace {

std::atomic<std::size_t> allocations = 0;

// Sends one request and takes the response, which ends with `body`, without allocating.
coro<> exchange(raw_client& client, std::string_view request, std::string_view body) {
    std::array<char, 1024> response;
    std::size_t have = 0;
    client.send(request);
    auto is_complete = [&] {
        const ssize_t got = ::recv(client.fd(), response.data() + have, response.size() - have, MSG_DONTWAIT);
        if (got > 0) have += static_cast<std::size_t>(got);
        return std::string_view(response.data(), have).ends_with(body);
    };
    co_await until(is_complete, "the response is complete");
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

TEST_CASE("a request on a connection that is kept allocates nothing once warm") {
    app hello;
    hello.get("/", [](request&) -> coro<response> { co_return "Hello, World!"; });
    hello.get("/items/{id:int}", [](request& req) -> coro<response> { co_return std::string(req.path_param("id")); });
    with_server(hello, [](test_server& server) -> coro<> {
        raw_client client = server.connect();
        const std::string root = get("/", "Accept: */*\r\n");
        const std::string item = get("/items/7");
        for (int i = 0; i < 100; ++i) {
            co_await exchange(client, root, "Hello, World!");
            co_await exchange(client, item, "7");
        }
        const std::size_t before = allocations;
        for (int i = 0; i < 1000; ++i) {
            co_await exchange(client, root, "Hello, World!");
            co_await exchange(client, item, "7");
        }
        CHECK(allocations - before == 0);
    });
}

#endif
#endif
