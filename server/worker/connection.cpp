#include "server/worker/connection.hpp"

#include "server/worker/bounds.hpp"
#include "server/worker/cycle.hpp"
#include "server/worker/service.hpp"

#include <sys/socket.h>

#include <utility>

namespace girin::worker {

connection::connection(service& s, const peer_name& client, const address& local)
    : service_(s), protocol_(s.limits), local_(local), client_(client) {
    service_.joined(*this);
}

connection::~connection() {
    service_.left(*this);
}

void connection::start_cycle() {
    ++requests_;
    if (service_.draining || requests_ == service_.options.most_requests) protocol_.close_after_response();
    cycle_ = new cycle(*this);
    cycle_->start();
}

executor* connection::blocking() const noexcept {
    return service_.blocking;
}

bool connection::may_discard(std::uint64_t discarded) const noexcept {
    if (left() || !protocol_.persists() || protocol_.keep_alive()) return false;
    return discarded <= most_discarded && (head().chunked || protocol_.unread_body() <= most_discarded);
}

// Requests that came behind the last one may still be with the kernel.
bool connection::must_be_heard(bool has_unread_bytes) const noexcept {
    if (gone_ || !protocol_.response_complete() || protocol_.keep_alive()) return false;
    char next;
    return refused_ || has_unread_bytes || protocol_.unread_body() != 0 ||
           ::recv(socket(), &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void connection::reset_at_end(bool yes) noexcept {
    if (std::exchange(resets_, yes) == yes) return;
    const linger at_once = {yes, 0};
    ::setsockopt(socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void connection::answer_refused_head(http1::failure refused, const http1::server_fields& own) {
    service_.refusals.add(client_, refused);
    protocol_.close_after_response();
    protocol_.error_response(refused.status, refused.reason, own, *output_);
}

void connection::give_back(std::unique_ptr<http1::byte_buffer>& buffer) noexcept {
    if (!buffer) return;
    buffer->clear();  // of what a client that left was not sent, or the next one would get it
    if (buffer->capacity() <= 2 * most_corked)
        service_.outputs.give_back(buffer);
    else
        buffer.reset();
}

bool connection::answer(int status, std::string_view reason) {
    return protocol_.error_response(status, reason, service_.own_fields(), *output_);
}

void connection::refuse() {
    refused_ = true;
    flush();
}

}  // namespace girin::worker
