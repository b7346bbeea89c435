// The fields of a request, and what they mean to the server itself: host, framing, persistence, expectations.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/limits.hpp"
#include "server/http1/line_guard.hpp"
#include "server/http1/request_storage.hpp"

#include <span>
#include <string_view>

namespace girin::http1 {

// Reads the lines into the fields of the storage, and their meaning into its head, whose request line is read already.
// Names become lower-case where they stand. Refuses fields that are malformed, missing, doubled or contradictory. The
// authority of the target, unless empty, becomes the value of Host.
failure read_request_fields(std::span<char> section, std::span<const text_line> lines, std::string_view authority,
                            const limits& limits, request_storage& storage);

// Refuses the trailer fields that would change the framing or the routing of a request that has been acted on already
// (RFC 9110 section 6.5.1).
failure check_trailer_names(std::string_view section, std::span<const text_line> lines);

}  // namespace girin::http1
