// The exception that is a response.
#pragma once

#include <girin/export.hpp>
#include <girin/field_block.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace girin {

// Raised in a handler or middleware, it is answered with its status, its detail as text/plain, and its headers, unless
// on_error<http_error>() says otherwise (Starlette's HTTPException).
class GIRIN_EXPORT http_error : public std::runtime_error {
 public:
    // Without a detail, the status code's reason phrase stands in.
    explicit http_error(int status_code, std::string_view what_is_wrong = {});
    http_error(const http_error&) = default;
    ~http_error() override;

    // Adds a field to the response, with the checks of response::add_header.
    http_error&& header(std::string_view name, std::string_view value) && {
        fields.add(name, value);
        return std::move(*this);
    }

    int status;
    std::string detail;
    detail::field_block fields;
};

}  // namespace girin
