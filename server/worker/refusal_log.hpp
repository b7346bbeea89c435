// Tells the operator of requests that were refused before an application saw them, and so are in no access log.
#pragma once

#include "server/http1/failure.hpp"
#include "server/worker/peer_name.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>

namespace girin::worker {

// One line in each second at most, whatever clients send. Any thread may call it.
class refusal_log {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    void add(const peer_name& client, const http1::failure& refused, time_point now = std::chrono::steady_clock::now());

 private:
    std::mutex mutex_;
    time_point next_line_{};
    std::uint64_t untold_ = 0;
};

}  // namespace girin::worker
