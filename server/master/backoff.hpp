// How long to wait before a dead worker is replaced: at once, then 1 s doubling to 30 s; a worker that lived for 60 s
// starts over.
#pragma once

#include <chrono>
#include <optional>

namespace girin::master {

class backoff {
 public:
    // The pause that follows the death of a worker that lived for `life`.
    std::chrono::milliseconds after_death(std::chrono::nanoseconds life);

    // Whether the last death brought a new, longer pause: the moment to log it.
    bool stepped() const { return stepped_; }

 private:
    std::optional<std::chrono::milliseconds> pause_;
    bool stepped_ = false;
};

}  // namespace girin::master
