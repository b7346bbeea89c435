// Which status codes have content.
#pragma once

namespace girin::http1 {

// Whether a response with this final status may carry content (RFC 9110 section 6.4.1).
constexpr bool may_have_body(int status) {
    return status != 204 && status != 304;
}

// Whether it may say how long the content would be (RFC 9110 section 8.6).
constexpr bool may_have_length(int status) {
    return status != 204;
}

}  // namespace girin::http1
