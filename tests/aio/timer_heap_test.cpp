#include "aio/timer_heap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

using girin::detail::time_point;
using girin::detail::timer_heap;
using girin::detail::timer_node;

namespace {

struct test_timer final : timer_node {
    explicit test_timer(int n) : number(n) {}
    void run() override {}
    int number;
};

time_point at(int seconds) {
    return time_point(std::chrono::seconds(seconds));
}

std::vector<int> drain(timer_heap& heap) {
    std::vector<int> numbers;
    while (!heap.empty()) {
        timer_node& earliest = heap.earliest();
        numbers.push_back(static_cast<test_timer&>(earliest).number);
        heap.remove(earliest);
    }
    return numbers;
}

}  // namespace

TEST_CASE("timers come by deadline, and those of one deadline in the order in which they were armed") {
    timer_heap heap;
    test_timer a(0), b(1), c(2), d(3), e(4);
    heap.add(c, at(30));
    heap.add(a, at(10));
    heap.add(b, at(20));
    heap.add(d, at(20));
    heap.add(e, at(10));
    CHECK(drain(heap) == std::vector{0, 4, 1, 3, 2});
}

TEST_CASE("a timer that is destroyed leaves the heap, wherever in it it is") {
    timer_heap heap;
    std::vector<std::unique_ptr<test_timer>> alarms;
    std::mt19937 random(1);
    for (int i = 0; i < 500; ++i) {
        alarms.push_back(std::make_unique<test_timer>(i));
        heap.add(*alarms.back(), at(static_cast<int>(random() % 50)));
    }
    std::shuffle(alarms.begin(), alarms.end(), random);
    alarms.resize(250);
    std::vector<std::pair<time_point, int>> expected;
    for (auto& left : alarms) {
        CHECK(left->armed());
        expected.emplace_back(left->when(), left->number);
    }
    std::sort(expected.begin(), expected.end());
    std::vector<int> numbers;
    for (auto& [when, number] : expected) numbers.push_back(number);
    CHECK(drain(heap) == numbers);
}

TEST_CASE("a timer outlives its heap") {
    test_timer a(1);
    {
        timer_heap heap;
        heap.add(a, at(1));
        CHECK(a.armed());
    }
    CHECK_FALSE(a.armed());
    a.disarm();
}
