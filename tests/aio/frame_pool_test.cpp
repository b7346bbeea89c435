#include <girin/frame_pool.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <vector>

using girin::detail::frame_pool;

TEST_CASE("a freed block is given out again for every size that rounds to its own") {
    frame_pool pool;
    void* block = pool.allocate(100);
    pool.free(block, 100);
    void* again = pool.allocate(128);
    CHECK(again == block);
    void* other = pool.allocate(128);
    CHECK(other != block);
    pool.free(again, 128);
    pool.free(other, 128);
}

TEST_CASE("blocks of every size can be written to their rounded end") {
    frame_pool pool;
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t size = 1; size < 10'000; size += 97) {
        void* block = pool.allocate(size);
        std::memset(block, 0x5a, frame_pool::rounded(size));
        blocks.emplace_back(block, size);
    }
    for (auto [block, size] : blocks) pool.free(block, size);
    std::set<void*> distinct;
    for (auto& [block, size] : blocks) {
        block = pool.allocate(size);
        std::memset(block, 0xa5, frame_pool::rounded(size));
        distinct.insert(block);
    }
    CHECK(distinct.size() == blocks.size());
    for (auto [block, size] : blocks) pool.free(block, size);
}

TEST_CASE("a block may be freed into another pool than the one that gave it") {
    frame_pool a;
    void* block = a.allocate(64);
    {
        frame_pool b;
        b.free(block, 64);
        CHECK(b.allocate(64) == block);
        b.free(block, 64);
    }
}
