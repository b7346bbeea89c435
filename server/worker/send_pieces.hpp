// Gives the kernel what waits for a client.
#pragma once

#include "server/http1/byte_buffer.hpp"
#include "server/http1/response_writer.hpp"

namespace girin::worker {

enum class sent {
    everything,
    something,  // the kernel takes no more at the moment
    nothing,    // the same
    refused,    // the client cannot be reached any more
};

// Sends what is ready in `out` and then `rest`, as far as the kernel takes it without waiting, and takes that out of
// both.
sent send_pieces(int fd, http1::byte_buffer& out, http1::uncopied& rest) noexcept;

}  // namespace girin::worker
