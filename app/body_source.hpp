// The body of a streaming response, whatever generates it.
#pragma once

#include <girin/asgi.hpp>
#include <girin/coro.hpp>

namespace girin::detail {

class body_source {
 public:
    virtual ~body_source() = default;
    // Sends the body to its end.
    virtual coro<void> send_to(sender& send) = 0;
};

}  // namespace girin::detail
