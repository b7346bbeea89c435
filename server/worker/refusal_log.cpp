#include "server/worker/refusal_log.hpp"

#include "server/log/log.hpp"

#include <string>
#include <utility>

namespace girin::worker {

void refusal_log::add(const peer_name& client, const http1::failure& refused, time_point now) {
    std::uint64_t others;
    {
        const std::lock_guard lock(mutex_);
        if (now < next_line_) {
            ++untold_;
            return;
        }
        next_line_ = now + std::chrono::seconds(1);
        others = std::exchange(untold_, 0);
    }
    const auto from = client.view();
    std::string line = "Invalid request from " + (from ? std::string(from->host) : "a unix socket") + ": " +
                       std::to_string(refused.status) + " " + refused.reason;
    if (others != 0) line += " (and " + std::to_string(others) + " more since the last such line)";
    log::warning(line);
}

}  // namespace girin::worker
