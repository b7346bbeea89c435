// The armed timers of one loop, earliest first; equal deadlines in the order in which they were armed.
#pragma once

#include <girin/timer_node.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace girin::detail {

class timer_heap {
 public:
    ~timer_heap();

    bool empty() const noexcept { return heap_.empty(); }
    std::size_t size() const noexcept { return heap_.size(); }
    timer_node& earliest() const noexcept { return *heap_.front().node; }

    void add(timer_node& node, time_point when);
    void remove(timer_node& node) noexcept;

 private:
    struct entry {
        time_point when;
        std::uint64_t sequence;
        timer_node* node;
        bool operator<(const entry& other) const noexcept {
            return when != other.when ? when < other.when : sequence < other.sequence;
        }
    };

    void place(std::size_t index, const entry& e) noexcept;
    void sift_up(std::size_t index, const entry& e) noexcept;
    void sift_down(std::size_t index, const entry& e) noexcept;

    std::vector<entry> heap_;
    std::uint64_t armed_so_far_ = 0;
};

}  // namespace girin::detail
