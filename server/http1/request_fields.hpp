// What the fields of a request mean to the server itself: host, framing, persistence, expectations.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/parser.hpp"
#include "server/http1/request_head.hpp"

#include <string_view>

namespace girin::http1 {

// Reads the fields that the parser found into a head whose request line is read already, and refuses those that are
// missing, doubled, contradictory or malformed. The authority of the target, unless empty, becomes the value of Host.
failure read_request_fields(parser& parsed, std::string_view authority, request_head& head);

}  // namespace girin::http1
