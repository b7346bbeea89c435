// Keeps the default pool busy.
#pragma once

#include "tests/support/turns.hpp"
#include "tests/support/until.hpp"

#include <girin/coro.hpp>
#include <girin/default_executor.hpp>
#include <girin/gather.hpp>
#include <girin/task.hpp>
#include <girin/to_thread.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <latch>
#include <utility>
#include <vector>

namespace girin::test {

// From fill() to empty() every thread of the default pool is busy, and a function waits for one.
struct full_pool {
    std::latch open{1};
    std::vector<task<>> blockers;

    coro<> fill() {
        auto& pool = default_executor();
        const std::size_t threads = pool.figures().most_threads;
        for (std::size_t i = 0; i < threads + 1; ++i)
            blockers.push_back(create_task(to_thread([this] { open.wait(); })));
        co_await turns(1);
        REQUIRE(comes_true([&] { return pool.busy() == threads && pool.queued() > 0; }));
    }
    coro<> empty() {
        open.count_down();
        co_await gather(std::move(blockers));
    }
};

}  // namespace girin::test
