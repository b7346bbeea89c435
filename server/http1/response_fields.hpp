// The fields that an application gives to its response, checked and written.
#pragma once

#include <girin/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace girin::http1 {

// What the fields decide. Framing and persistence are the server's: their fields are read here and not written.
struct response_facts {
    std::optional<std::uint64_t> content_length;
    bool close = false;
    bool has_date = false;
    bool has_server = false;
};

// How many bytes put_fields writes at most.
std::size_t fields_size(headers_view headers);

// Writes the fields as lines and returns where they end. Raises asgi_error for a name that is not a token, for a value
// with a control character but HTAB, and for a Content-Length that is repeated or not a number.
char* put_fields(char* out, headers_view headers, response_facts& facts);

}  // namespace girin::http1
