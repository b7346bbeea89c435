// The receiving half of a connection: bytes in, the events of one request after the other out.
#pragma once

#include "server/http1/event.hpp"
#include "server/http1/line_guard.hpp"
#include "server/http1/request_storage.hpp"

#include <cstdint>
#include <limits>
#include <span>

namespace girin::http1 {

// Begins at a head; `next` goes to a body with a length, to chunks and their trailer section, or straight to the end.
class request_reader {
 public:
    explicit request_reader(const limits& limits) : limits_(&limits) {}

    // Makes ready for the head of the next request.
    void begin() { *this = request_reader(*limits_); }

    // As protocol::next, for one request. Not called again after `end` or `failure`.
    event next(std::span<char> unread, request_storage& storage);

    // Whether `end` has been reported, so that the next bytes belong to another request.
    bool ended() const { return state_ == state::complete; }

    // Whether the last byte of the request has been consumed.
    bool fully_read() const { return state_ == state::complete || state_ == state::ending; }

    // As protocol::unread_body.
    std::uint64_t unread_body() const;

 private:
    enum class state : std::uint8_t { head, counted_body, chunks, trailers, ending, complete, failed };

    event read_head(std::span<char> unread, request_storage& storage);
    event read_counted(std::string_view unread);
    event read_chunks(std::string_view unread, request_storage& storage);
    event read_trailers(std::string_view unread, request_storage& storage);
    failure check_head(std::span<char> head, request_storage& storage);
    event fail(failure refused);

    const limits* limits_;
    std::uint64_t remaining_ = 0;
    line_guard guard_{line_guard::section::head};
    state state_ = state::head;
    bool blank_line_skipped_ = false;
};

}  // namespace girin::http1
