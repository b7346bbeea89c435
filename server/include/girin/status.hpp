// The names of HTTP's status codes.
#pragma once

#include <girin/export.hpp>

#include <string_view>

namespace girin {

// The reason phrase of a registered status code (RFC 9110 section 15, IANA's registry), or nothing.
GIRIN_EXPORT std::string_view reason_phrase(int status) noexcept;

}  // namespace girin
