// The head of a request after every check: all views point into the bytes of the connection.
#pragma once

#include <girin/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace girin::http1 {

struct request_head {
    std::string_view method;
    // The request target as it was sent (RFC 9112 section 3.2).
    std::string_view target;
    // Its path, still percent-encoded: "/" when an absolute form has none, "*" for OPTIONS *.
    std::string_view raw_path;
    // What follows the first '?', still percent-encoded.
    std::string_view query_string;
    // "1.0" or "1.1", as the ASGI scope spells it.
    std::string_view http_version;
    // Names in lower case, values without surrounding white space. `host` is the authority of an absolute-form target.
    headers_view headers;
    std::optional<std::uint64_t> content_length;
    // False: nothing in raw_path is percent-encoded.
    bool may_be_encoded = true;
    bool chunked = false;
    // Whether the client would send another request on this connection (RFC 9112 section 9.3).
    bool keep_alive = false;
    // Whether the client may be waiting for 100 Continue before it sends the content (RFC 9110 section 10.1.1).
    bool expect_continue = false;

    bool is_http10() const { return http_version.ends_with('0'); }  // the other one is 1.1
    // "METHOD target", as they stand in the request line.
    std::string_view method_and_target() const {
        return {method.data(), static_cast<std::size_t>(target.data() + target.size() - method.data())};
    }
};

}  // namespace girin::http1
