#include "server/master/backoff.hpp"

#include <algorithm>

namespace girin::master {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

milliseconds backoff::after_death(std::chrono::nanoseconds life) {
    const milliseconds before = pause_.value_or(0s);
    const bool start_over = !pause_ || life >= 60s;
    pause_ = start_over ? 0s : std::clamp(before * 2, milliseconds(1s), milliseconds(30s));
    stepped_ = *pause_ > before;
    return *pause_;
}

}  // namespace girin::master
