// One client, as its requests and the worker see it, whichever way its bytes are moved.
#pragma once

#include "server/http1/protocol.hpp"
#include "server/worker/peer_name.hpp"

#include <girin/executor.hpp>
#include <girin/scope.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace girin::worker {

class cycle;
class service;

class connection {
 public:
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Ends it after the response under way. An idle client has a moment left for a request that may be on its way.
    virtual void drain() = 0;
    // Ends it now, and cancels the request.
    virtual void abort() = 0;

    // What follows is for the cycle that has the request, and on the loop.

    service& shared() const noexcept { return service_; }
    http1::protocol& protocol() noexcept { return protocol_; }
    const http1::request_head& head() const noexcept { return storage_->head; }
    std::optional<address> client() const noexcept { return client_.view(); }
    const address& local() const noexcept { return local_; }
    http1::byte_buffer& output() noexcept { return *output_; }
    // What runs the request's functions that block; null: the loop's default pool.
    virtual executor* blocking() const noexcept;
    // Whether it is over for the application: nothing that it sends can reach the client any more.
    bool left() const noexcept { return gone_ || refused_; }

    // The next piece of the request's content. Views into the buffer end with the next call. `need_data`:
    // cycle::on_input follows when there is more.
    virtual http1::event read_content() = 0;
    // Gives output() and what did not fit in it to the kernel. False: it must wait, and cycle::on_written follows.
    virtual bool write(http1::uncopied rest) = 0;
    // The same for what is in output() while a write() may be waiting. False: it is on its way.
    virtual bool flush() = 0;
    // The response is torn: what waits to be written is never touched again, and the connection ends.
    virtual void tear() noexcept = 0;
    // Puts an answer of the server's in the place of the application's; false when that has begun.
    bool answer(int status, std::string_view reason);
    // Whether the end of the connection, be it that of the process, is a reset. So it is while a response is under way
    // that the connection ends: with the usual end, the client would take what it got for all of it (RFC 9112 section
    // 8). Unix sockets know no reset.
    void reset_at_end(bool yes) noexcept;
    // The rest of the request is not read, and the connection ends once the client has had the answer.
    void refuse();
    // The application has returned.
    virtual void cycle_ended() noexcept = 0;

 protected:
    // `local` must outlive it. Counts as one of the service's connections until it is destroyed.
    connection(service& s, const peer_name& client, const address& local);
    virtual ~connection();

    // Begins the request whose head has been read, and runs its application up to its first suspension. Afterwards
    // cycle_ is null if the application has returned.
    void start_cycle();
    // Whether to go on reading what the application has left unread, of which so much has been thrown away, so that the
    // connection can be kept.
    bool may_discard(std::uint64_t discarded) const noexcept;
    // Whether to listen to the client after its last response: closing while it still sends makes the kernel reset the
    // connection, and the client may lose the response.
    bool must_be_heard(bool has_unread_bytes) const noexcept;
    virtual int socket() const noexcept = 0;
    // Answers a head that is refused, as the connection's last response.
    void answer_refused_head(http1::failure refused, const http1::server_fields& own);
    // Frees a buffer for output: an idle connection holds none, and a large one is kept for nobody.
    void give_back(std::unique_ptr<http1::byte_buffer>& buffer) noexcept;

    service& service_;
    http1::protocol protocol_;
    std::unique_ptr<http1::request_storage> storage_;  // of the request under way
    std::unique_ptr<http1::byte_buffer> output_;
    cycle* cycle_ = nullptr;
    std::uint32_t requests_ = 0;
    bool gone_ = false;     // the client has left, or its response is torn
    bool refused_ = false;  // the server has answered, or will not hear the rest of the request
    bool resets_ = false;   // the end is a reset

 private:
    friend class service;

    const address& local_;
    connection* next_ = nullptr;
    connection** link_ = nullptr;
    peer_name client_;
};

}  // namespace girin::worker
