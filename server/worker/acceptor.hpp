// Takes new clients from one listening socket that all workers share, and no more than this worker's part of them.
#pragma once

#include "aio/reactor.hpp"
#include "server/supervision/roster.hpp"
#include "server/worker/service.hpp"

#include <girin/coro.hpp>
#include <girin/scope.hpp>

#include <cstddef>
#include <string>

namespace girin::worker {

class acceptor {
 public:
    // `listener` is non-blocking. At most `most_connections` are open at a time.
    acceptor(service& s, const supervision::roster& peers, std::size_t most_connections, int listener);

    // Accepts until the task is cancelled. A worker that holds more connections than the emptiest of its peers leaves
    // new ones to them, and looks again within a millisecond.
    coro<> run();
    // Takes what is in the queue already, however many others hold: for a worker that stops, when no other may be left.
    void accept_all();

 private:
    bool may_accept() const;
    // Accepts once: false when there is nothing to accept.
    bool accept_one();
    bool something_waits() const;

    service& service_;
    const supervision::roster& peers_;
    std::size_t most_connections_;
    girin::detail::descriptor listener_;
    std::string local_host_;
    address local_;
    int exhausted_ = 0;  // errno of an accept that failed for want of something
};

}  // namespace girin::worker
