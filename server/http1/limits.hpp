// What a request may cost before the application sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace girin::http1 {

struct limits {
    // Bytes of the request line without its CRLF; more is answered with 414. Gunicorn's limit_request_line.
    std::size_t request_line = 4094;
    // Field lines in a head, and again in a trailer section; more is answered with 431. Gunicorn's
    // limit_request_fields.
    std::size_t fields = 100;
    // Bytes of one field line without its CRLF; more is answered with 431. Gunicorn's limit_request_field_size.
    std::size_t field_size = 8190;
    // Bytes of a whole head, which the connection has to hold in one piece.
    std::size_t head_size = 65536;
    // Bytes of a trailer section without the empty line that ends it; likewise.
    std::size_t trailers_size = 8190;
    // Bytes of content after the framing is taken off; more is answered with 413.
    std::uint64_t body_size = std::numeric_limits<std::uint64_t>::max();
    // Bytes that the chunk-size lines of one body may take beyond 20 for each chunk: padding and extensions.
    std::size_t chunk_overhead = 16384;
    // Whether fields with '_' in their name reach the application. They are dropped by default, because gateways map
    // '-' to '_' and a client could so forge what a proxy sets (Gunicorn's header_map = drop).
    bool underscore_names = false;
};

}  // namespace girin::http1
