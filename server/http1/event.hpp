// What the bytes of a client amount to, one step at a time.
#pragma once

#include "server/http1/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace girin::http1 {

enum class event_kind : std::uint8_t {
    need_data,  // Nothing more can be said before more bytes are behind the unread ones.
    head,       // A request begins; its head can be read.
    body,       // A piece of its content.
    end,        // The request is complete.
    failure,    // The request is refused; nothing more is read from this connection.
    paused,     // The next request is not begun: this response is not complete, or the connection is to be closed.
};

struct event {
    event_kind kind;
    // How many of the bytes that were passed are done with; the caller passes the others again, with what came behind
    // them.
    std::size_t consumed = 0;
    // A view into the caller's bytes, never empty in a body event.
    std::string_view body = {};
    failure refused = {};
};

}  // namespace girin::http1
