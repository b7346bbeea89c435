// The thread's side of a connection: reads its requests, has the loop run their applications, and does for these what
// they want done with the socket.
#pragma once

#include "server/http1/event.hpp"
#include "server/worker/io_thread.hpp"
#include "server/worker/service.hpp"

#include <cstdint>

namespace girin::worker {

class attendant {
 public:
    attendant(io_thread& thread, threaded_connection& c);

    // Serves a connection that has something to read, until it has no whole request any more or gives way to another
    // one.
    visit serve();

 private:
    using time_point = io_thread::time_point;
    enum class input { bytes, nothing, end };

    visit serve_requests();
    bool must_give_way() const;
    void leave_unread();
    void take_carried();
    http1::event next_event();
    http1::event next_head();
    bool discard_content();
    input read();
    bool flush();

    void attend();
    void try_read(thread_orders& orders);
    void try_write(thread_orders& orders);
    void look_for_leaving(short ready);

    io_thread& thread_;
    threaded_connection& connection_;
    const int socket_;
    const connection_options& options_;
    bool waits_ = false;        // the client has nothing more to say at the moment
    bool has_served_ = false;   // a request, since the thread has had the connection
    bool ended_input_ = false;  // the client has sent its last byte, or the socket has failed
    bool unreachable_ = false;  // nothing can be sent any more
    bool watches_ = true;       // whether to look for the client's leaving
};

}  // namespace girin::worker
