// A worker's view of the other workers, from which it decides whether the next connection is its own.
#pragma once

#include "server/supervision/channel.hpp"
#include "server/supervision/scoreboard_reader.hpp"

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace girin::supervision {

class roster {
 public:
    // Takes what the master says about peers in; other messages are left alone. A scoreboard that cannot be mapped is
    // left out: that costs balance, nothing else.
    void apply(const message& message);

    // Whether a worker with `own_connections` may accept: it holds no more than the emptiest peer that is ready, not
    // draining, and whose heartbeat is fresh. Alone, always. Costs a few loads per peer.
    bool may_accept(std::uint64_t own_connections, time_point now) const;

    std::size_t size() const { return peers_.size(); }

 private:
    struct peer {
        pid_t pid;
        scoreboard_reader board;
    };
    std::vector<peer> peers_;
};

}  // namespace girin::supervision
