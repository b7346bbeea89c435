#include "server/supervision/roster.hpp"

#include <algorithm>
#include <exception>

namespace girin::supervision {

void roster::apply(const message& message) {
    const bool joined = message.what == message::kind::peer_joined;
    if (!joined && message.what != message::kind::peer_left) return;
    std::erase_if(peers_, [&](const peer& known) { return known.pid == message.peer; });
    if (!joined || !message.scoreboard) return;
    try {
        peers_.push_back({message.peer, scoreboard_reader(message.scoreboard.get())});
    } catch (const std::exception&) {
    }
}

bool roster::may_accept(std::uint64_t own_connections, time_point now) const {
    return std::none_of(peers_.begin(), peers_.end(), [&](const peer& other) {
        return other.board.connections() < own_connections && other.board.state() == worker_state::ready &&
               now - other.board.heartbeat() < heartbeat_stale;
    });
}

}  // namespace girin::supervision
