// The request line (RFC 9112 section 3): its three parts, and the form of its target.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/request_head.hpp"

#include <string_view>

namespace girin::http1 {

// Fills in method, target, raw_path, query_string and http_version. `authority` is that of an absolute-form target, and
// empty in the other forms. Whether the method is one that is known is left to the parser.
failure read_request_line(std::string_view line, request_head& head, std::string_view& authority);

}  // namespace girin::http1
