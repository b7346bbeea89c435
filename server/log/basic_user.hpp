// The user's name out of an Authorization field, for the access log's %(u)s.
#pragma once

#include <string>
#include <string_view>

namespace girin::log {

// The name in Basic credentials (RFC 7617), as the client claims it; empty for anything else.
std::string basic_user(std::string_view authorization);

}  // namespace girin::log
