#include "server/master/watchdog.hpp"

#include <algorithm>

namespace girin::master {

using namespace std::chrono_literals;

sentence judge(const worker& of, const options& limits, std::optional<time_point> heartbeat, time_point watched_since,
               time_point now) {
    using action = sentence::action;
    if (of.killed) return {};
    if (of.kill_at) return {*of.kill_at, action::kill};
    switch (of.phase) {
        case worker_phase::booting:
            if (limits.boot_timeout == 0ms) return {};
            return {of.since + limits.boot_timeout, action::abort};
        case worker_phase::retiring:
            return {of.since + limits.graceful_timeout, action::kill};
        case worker_phase::ready:
            if (limits.timeout == 0ms || !heartbeat) return {};
            time_point last_turn = std::max(of.since, watched_since);
            if (*heartbeat <= now + 1s) last_turn = std::max(last_turn, *heartbeat);
            return {last_turn + limits.timeout, action::abort};
    }
    return {};
}

}  // namespace girin::master
