// What one request needs besides the bytes it came in: its head, the array of its fields and the parser's state.
#pragma once

#include "server/http1/parser.hpp"
#include "server/http1/request_head.hpp"

namespace girin::http1 {

// Some kilobytes, allocated once. A worker pools them, and an idle connection holds none.
struct request_storage {
    explicit request_storage(const limits& limits) : parsed(limits) {}

    request_head head;
    parser parsed;
};

}  // namespace girin::http1
