// Takes new clients from one listening socket that all workers share, and no more than this worker's part of them.
#pragma once

#include "aio/reactor.hpp"
#include "aio/unique_fd.hpp"
#include "server/supervision/roster.hpp"
#include "server/worker/peer_name.hpp"
#include "server/worker/service.hpp"

#include <girin/coro.hpp>
#include <girin/scope.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace girin::worker {

// Serves a client that has been accepted. The socket does not block; `local` lives as long as the acceptor. What it
// throws is taken for a lack of resources.
using client_handler = std::function<void(unique_fd socket, const peer_name& client, const address& local)>;

class acceptor {
 public:
    // `listener` is non-blocking. At most `most_connections` of the service's are open at a time.
    acceptor(service& s, const supervision::roster& peers, std::size_t most_connections, client_handler serve,
             int listener);

    // Accepts until the task is cancelled. A worker that holds more connections than the emptiest of its peers leaves
    // new ones to them, and looks again within a millisecond.
    coro<> run();
    // The same until nobody waits, or so many have been taken as may have waited when it was called.
    coro<> finish(std::size_t most);
    // Listens no more; run() and finish() must have ended.
    void close() noexcept { listener_.close(); }

 private:
    coro<> accept_waiting(std::size_t most);
    bool is_full() const;
    // Accepts once: false when there is nothing to accept.
    bool accept_one();
    bool something_waits() const;

    service& service_;
    const supervision::roster& peers_;
    std::size_t most_connections_;
    client_handler serve_;
    girin::detail::descriptor listener_;
    std::string local_host_;
    address local_;
    std::string exhausted_;    // why the last client could not be taken, though one waits
    bool complained_ = false;  // about that, since a client was taken
};

}  // namespace girin::worker
