// When a worker has used up its time, and what then happens to it.
//
//   booting    for boot_timeout                       -> abort
//   ready      loop silent for timeout                -> abort
//   retiring   for graceful_timeout                   -> kill
//   any        aborted, and not gone a second later   -> kill
//   any        killed                                 -> nothing more: the kernel is at it
#pragma once

#include "server/master/fleet.hpp"

#include <optional>

namespace girin::master {

struct sentence {
    enum class action { abort, kill };

    time_point at = time_point::max();  // never
    action what = action::kill;
};

// `heartbeat`: none when the worker's scoreboard cannot be read, which is not held against it; one more than a second
// in the future is nobody's clock and does not count. Silence is counted from `watched_since` at the earliest, so that
// a master that was stopped itself does not blame the workers.
sentence judge(const worker& of, const options& limits, std::optional<time_point> heartbeat, time_point watched_since,
               time_point now);

}  // namespace girin::master
